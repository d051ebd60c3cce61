<?php

defined('EMONCMS_EXEC') or die('Restricted access');

global $session, $user;

require_once __DIR__ . '/model/load.php';

if (RemoteAccess\Guard::isOwner($session, $user)) {
    $menu["setup"]["l2"]['remoteaccess'] = array(
        "name" => RemoteAccess\tr("Remote Access"), "href" => "remoteaccess/view", "order" => 10, "icon" => "earth"
    );
}
