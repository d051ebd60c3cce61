<?php

defined('EMONCMS_EXEC') or die('Restricted access');

/** Only for its name: the stage shows what is installed, not what it does. */
function user_controller()
{
    return EMPTY_ROUTE;
}
