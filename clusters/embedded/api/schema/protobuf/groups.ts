/** Field numbers of the messages of the named groups. The notation is told in `../protobuf-fields.ts`. */
export const PROTOBUF_GROUPS = `
`;
