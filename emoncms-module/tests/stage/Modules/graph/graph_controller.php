<?php

defined('EMONCMS_EXEC') or die('Restricted access');

/** A module that does not describe its API: the stage shows what is installed, not what it does. */
function graph_controller()
{
    global $route;

    return in_array($route->action, ['get', 'getall'], true) ? ['success' => true] : EMPTY_ROUTE;
}
