<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * The endpoints that this emoncms really has, from its modules' own API definitions and our short list.
 */
final class Catalogue
{
    /**
     * @var array<string,string> module => its controller
     */
    private array $sources = [];

    /**
     * @param string $modules emoncms' folder Modules
     */
    public function __construct(private string $modules)
    {
    }

    /**
     * @return array<array{path:string,module:string,mode:string,description:string}> sorted by path
     */
    public function endpoints(): array
    {
        $found = [];
        foreach ($this->installed() as $module) {
            foreach ($this->defined($module) as $definition) {
                $this->add($found, $definition['path'] ?? null, $definition['mode'] ?? '', $definition['description'] ?? '');
            }
        }
        foreach ($this->installed() as $module) {
            foreach (ShortList::of($module) as $path => [$mode, $description]) {
                if (isset($found[$path]) || !$this->hasAction($module, $path)) continue;
                $this->add($found, $path, $mode, $description);
            }
        }
        ksort($found, SORT_STRING);
        return array_values($found);
    }

    /**
     * Several definitions may describe one endpoint with other parameters; the stricter mode counts.
     */
    private function add(array &$found, $path, $mode, $description): void
    {
        if (!is_string($path) || !is_string($description)) return;

        $endpoint = Endpoint::parse(preg_replace('/\.[a-z]+\z/', '', $path));
        if ($endpoint === null || $endpoint->isNeverRelayed()) return;

        $path = $endpoint->path();
        $description = mb_scrub($description, 'UTF-8');
        $mode = $mode === 'read' ? 'read' : 'write';
        $known = $found[$path] ?? ['mode' => 'read', 'description' => ''];
        $descriptions = array_filter(explode(' · ', $known['description']));
        if ($description !== '' && !in_array($description, $descriptions, true)) $descriptions[] = $description;
        $found[$path] = [
            'path' => $path,
            'module' => $endpoint->controller,
            'mode' => $known['mode'] === 'write' ? 'write' : $mode,
            'description' => implode(' · ', $descriptions),
        ];
    }

    /**
     * @return string[]
     */
    private function installed(): array
    {
        $found = [];
        foreach (glob("$this->modules/*/*_controller.php") ?: [] as $file) {
            $module = basename(dirname($file));
            if (basename($file) === "{$module}_controller.php") $found[] = $module;
        }
        return $found;
    }

    /**
     * Whether the controller of this version knows the last step of a path.
     */
    private function hasAction(string $module, string $path): bool
    {
        $this->sources[$module] ??= (string) @file_get_contents("$this->modules/$module/{$module}_controller.php");
        $step = basename($path);
        return str_contains($this->sources[$module], "'$step'") || str_contains($this->sources[$module], "\"$step\"");
    }

    /**
     * What a module says of its API, in the language of this page; nothing where it stumbles.
     */
    private function defined(string $module): array
    {
        $file = "$this->modules/$module/{$module}_api_obj.php";
        if (!is_file($file)) return [];

        if (function_exists('load_language_files')) load_language_files("$this->modules/$module/locale");
        ob_start();
        try {
            require_once $file;
            $definitions = ("\\{$module}_api_obj")();
            return is_array($definitions) ? array_filter($definitions, 'is_array') : [];
        } catch (\Throwable $error) {
            return [];
        } finally {
            ob_end_clean();
        }
    }
}
