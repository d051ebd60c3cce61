<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\Catalogue;
use RemoteAccess\Presets;

final class CatalogueTest extends TestCase
{
    use Folder;

    public function testOffersWhatModulesDescribe(): void
    {
        $this->module('meter', [
            ['path' => 'meter/read.json', 'mode' => 'read', 'description' => 'Read it'],
            ['path' => 'meter/read.json', 'mode' => 'read', 'description' => 'Read it at a time'],
            ['path' => 'meter/reset', 'mode' => 'write', 'description' => 'Reset it'],
            ['path' => 'meter/process/set.json', 'mode' => 'read', 'description' => 'A'],
            ['path' => 'meter/process/set.json', 'mode' => 'write', 'description' => 'A'],
        ]);
        self::assertSame(
            ['meter/process/set' => 'write', 'meter/read' => 'read', 'meter/reset' => 'write'],
            array_column($this->endpoints(), 'mode', 'path')
        );
        self::assertSame('Read it · Read it at a time', array_column($this->endpoints(), 'description', 'path')['meter/read']);
    }

    public function testNeverOffersWhatIsNeverRelayed(): void
    {
        $this->module('admin', [['path' => 'admin/users', 'mode' => 'read', 'description' => '']]);
        $this->module('user', [['path' => 'user/auth.json', 'mode' => 'read', 'description' => '']]);
        $api = ['path' => 'odd/api.json', 'mode' => 'read', 'description' => ''];
        $this->module('odd', [$api, ['path' => 'odd', 'mode' => 'read'], ['path' => 5], 'x']);
        self::assertSame(
            ['user/gettimezone', 'user/gettimezones', 'user/getuuid', 'user/session', 'user/timezone'],
            array_column($this->endpoints(), 'path')
        );
    }

    public function testKnowsModulesThatDoNotDescribeThemselves(): void
    {
        foreach (['app', 'dashboard', 'graph', 'demandshaper'] as $module) $this->module($module);
        $paths = array_column($this->endpoints(), 'path');
        foreach (['app/list', 'dashboard/getcontent', 'graph/getall', 'demandshaper/get'] as $path) {
            self::assertContains($path, $paths);
        }
        self::assertNotContains('input/list', $paths, 'a module that is not installed');
    }

    public function testAnOlderVersionIsOfferedOnlyWhatItHas(): void
    {
        $this->module('input');
        $this->put('input/input_controller.php', '<?php if ($route->action == "list") {} elseif ($route->action == \'get\') {}');
        self::assertSame(['input/get', 'input/list', 'input/process/get'], array_column($this->endpoints(), 'path'));
    }

    public function testAModuleThatStumblesSpoilsNothing(): void
    {
        $this->module('broken');
        $this->put('broken/broken_api_obj.php', '<?php echo "noise"; function broken_api_obj() { return missing(); }');
        $this->module('graph');
        $this->expectOutputString('');
        self::assertContains('graph/get', array_column($this->endpoints(), 'path'));
    }

    public function testPresetsHoldOnlyWhatIsThere(): void
    {
        foreach (['feed', 'input', 'device', 'dashboard'] as $module) $this->module($module);
        $endpoints = $this->endpoints();
        [$dashboards, $readable, $set_up] = array_column(Presets::forEndpoints($endpoints), 'access');
        $known = array_column($endpoints, 'mode', 'path');
        self::assertSame([], array_diff_key($dashboards + $readable + $set_up, $known));
        self::assertSame(['read'], array_values(array_unique($readable)));
        self::assertArrayNotHasKey('device/list', $readable);
        self::assertSame('write', $set_up['input/process/set']);
        self::assertArrayNotHasKey('input/delete', $set_up);
    }

    private function endpoints(): array
    {
        return (new Catalogue($this->folder))->endpoints();
    }

    /** A module of emoncms; without definitions, one that does not describe itself. */
    private function module(string $name, ?array $definitions = null): void
    {
        mkdir("$this->folder/$name");
        $steps = array_map('basename', array_keys(RemoteAccess\ShortList::of($name)));
        $this->put("$name/{$name}_controller.php", '<?php $actions = ' . var_export($steps, true) . ';');
        if ($definitions === null) return;
        if (!function_exists("{$name}_api_obj")) eval("function {$name}_api_obj() { return \$GLOBALS['definitions_of_$name']; }");
        $GLOBALS["definitions_of_$name"] = $definitions;
        $this->put("$name/{$name}_api_obj.php", '<?php');
    }
}
