/**
 * Jest sets `FORCE_COLOR` for its workers where it runs on a terminal itself; the commands that tests start would paint
 * what the tests read.
 */
delete process.env['FORCE_COLOR'];
