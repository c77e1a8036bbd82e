/** On every page. */
import { startConfirmations } from '../page/confirm.js';
import { startCopyButtons } from '../page/copy.js';
import { startMenus } from '../page/menus.js';
import { startTheme } from '../page/theme.js';

startTheme();
startConfirmations();
startCopyButtons();
startMenus();
