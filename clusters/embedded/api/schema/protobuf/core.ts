/** Field numbers of the messages of the core group. The notation is told in `../protobuf-fields.ts`. */
export const PROTOBUF_CORE = `
`;
