<?php

defined('EMONCMS_EXEC') or die('Restricted access');

use RemoteAccess\Assets;

/**
 * The frame of all three pages. What they show is drawn by the scripts, which get it as JSON.
 *
 * @var string $path emoncms' address
 * @var string $page which one this is
 * @var array<string,array{name:string,href:string,scripts:string[]}> $pages
 */
Assets::style('Views/remoteaccess.css');
?>
<div class="ra">
    <h3 class="ra-title"><?php echo htmlspecialchars(RemoteAccess\tr('Remote Access')); ?></h3>
    <ul class="nav nav-tabs">
        <?php foreach ($pages as $name => $tab) { ?>
            <li class="<?php echo $name === $page ? 'active' : ''; ?>">
                <a href="<?php echo htmlspecialchars($path . $tab['href']); ?>"><?php echo htmlspecialchars($tab['name']); ?></a>
            </li>
        <?php } ?>
    </ul>
    <div id="ra-page">
        <noscript><div class="alert"><?php echo htmlspecialchars(RemoteAccess\tr('This page needs JavaScript.')); ?></div></noscript>
    </div>
</div>
<script type="application/json" id="ra-setting"><?php echo Assets::json([
    'path' => $path, 'language' => str_replace('_', '-', RemoteAccess\language()), 'words' => (object) RemoteAccess\translations(),
]); ?></script>
<?php
foreach (['dom', 'server', 'format', ...$pages[$page]['scripts']] as $script) {
    Assets::script("Views/js/$script.js");
}
