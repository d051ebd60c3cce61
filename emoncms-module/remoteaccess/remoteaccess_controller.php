<?php

defined('EMONCMS_EXEC') or die('Restricted access');

/*
 * Pages:  view · view/permissions · view/activity
 * GET:    status · activity · settings · endpoints                                  .json
 * POST:   connect · turn · access · keys · aside, check · test with a JSON body     .json
 */
function remoteaccess_controller()
{
    global $route, $session, $settings, $user, $path;

    require_once __DIR__ . '/remoteaccess_model.php';

    if ($route->format !== 'html' && $route->format !== 'json') return EMPTY_ROUTE;
    if (!RemoteAccess\Guard::isOwner($session, $user)) return RemoteAccess\Pages::refusal($route, $session);
    if ($route->format === 'html') return RemoteAccess\Pages::page($route);

    // Nothing is written to the session from here on, and a slow server must not hold up the other requests.
    session_write_close();
    $model = new RemoteAccess\Model($settings, $user, (int) $session['userid']);
    return (new RemoteAccess\Actions($model, $_SERVER, $path))->run($route->action);
}
