export const PRODUCT = 'Gatehouse';
export const VERSION = '0.1.0';
/** Raised whenever a change to graders could change a verdict. */
export const GRADER_VERSION = '2';
