<!doctype html>
<html>
<head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Stage</title>
</head>
<body>
    <nav class="menu-l2"><?php foreach ($menu['setup']['l2'] as $item) { ?>
        <a href="<?php echo $path . $item['href']; ?>" class="<?php echo strpos("$route->controller/$route->action/$route->subaction", $item['href']) === 0 ? 'active' : ''; ?>"><?php echo $item['name']; ?></a>
                         <?php } ?></nav>
    <main><?php echo $output['content']; ?></main>
</body>
</html>
