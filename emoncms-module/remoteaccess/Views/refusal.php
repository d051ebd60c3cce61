<?php defined('EMONCMS_EXEC') or die('Restricted access'); ?>
<h3><?php echo htmlspecialchars(RemoteAccess\tr('Remote Access')); ?></h3>
<div class="alert"><?php echo htmlspecialchars(RemoteAccess\Pages::sentence()); ?></div>
