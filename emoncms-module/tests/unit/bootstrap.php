<?php

define('EMONCMS_EXEC', 1);
define('EMPTY_ROUTE', '#UNDEFINED#');
define('MODULE', dirname(__DIR__, 2) . '/remoteaccess');
define('PROJECT', dirname(__DIR__, 3));

putenv('LC_ALL=en_GB.UTF8');
require MODULE . '/remoteaccess_model.php';
require __DIR__ . '/Folder.php';
require __DIR__ . '/FakeUser.php';
