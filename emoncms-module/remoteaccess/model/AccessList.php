<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * ACCESS_CONTROL: what the owner lets out of the house. The same rules as the agent's (agent/src/acl.rs).
 *
 * An entry is controller/action, controller/action/subaction or controller/*. The most specific one that fits
 * decides; controller/action also covers its subactions; what no entry fits is denied.
 */
final class AccessList
{
    public const RIGHTS = ['read', 'write'];

    /**
     * emoncms has some two hundred endpoints; a list beyond this was not made by a person.
     */
    public const MAX_ENTRIES = 1000;

    /**
     * @param array<string,string> $entries path => right, checked by problemOf()
     */
    public function __construct(private array $entries)
    {
    }

    /**
     * @throws Refused that names the first wrong entry
     */
    public static function checked($entries): self
    {
        if (is_object($entries)) $entries = get_object_vars($entries);
        if (!is_array($entries)) throw Refused::malformed();
        if (count($entries) > self::MAX_ENTRIES) throw new Refused(tr('The list has too many entries.'));

        foreach ($entries as $path => $right) {
            $problem = self::problemOf((string) $path, $right);
            if ($problem !== null) throw new Refused($problem);
        }
        ksort($entries, SORT_STRING);
        return new self($entries);
    }

    /**
     * What is wrong with an entry, in a sentence; null if nothing is.
     */
    public static function problemOf(string $path, $right): ?string
    {
        $endpoint = self::endpointOf($path);
        if ($endpoint === null) {
            return sprintf(
                tr('“%s” is not an endpoint. Write controller/action, such as feed/list, controller/action/subaction, or controller/* for all of a module.'),
                $path
            );
        }
        if (!in_array($right, self::RIGHTS, true)) {
            return sprintf(tr('“%s” must be allowed either for reading or for writing.'), $path);
        }
        return null;
    }

    /**
     * Whether an entry can never take effect.
     */
    public static function isWithoutEffect(string $path): bool
    {
        $endpoint = self::endpointOf($path);
        return $endpoint !== null && $endpoint->isNeverRelayed();
    }

    /**
     * Which of the home's keys a call gets ("read" or "write"), or "denied", or "malformed" where it is no endpoint.
     */
    public function verdict(string $path, string $caller): string
    {
        $endpoint = Endpoint::parse($path);
        if ($endpoint === null) return 'malformed';
        if ($endpoint->isNeverRelayed()) return 'denied';

        $entry = $this->entryFor($endpoint);
        if ($entry === null) return 'denied';

        $right = $this->entries[$entry];
        return $right === 'write' && $caller !== 'write' ? 'denied' : $right;
    }

    /**
     * The entry that decides about an endpoint, if any does.
     */
    public function entryFor(Endpoint $endpoint): ?string
    {
        $module = $endpoint->controller;
        foreach ([$endpoint->path(), "$module/$endpoint->action", "$module/*"] as $path) {
            if (isset($this->entries[$path])) return $path;
        }
        return null;
    }

    /**
     * @return array<string,string>
     */
    public function entries(): array
    {
        return $this->entries;
    }

    /**
     * The endpoint that an entry names; for controller/* one that stands for all.
     */
    private static function endpointOf(string $path): ?Endpoint
    {
        if (!str_ends_with($path, '/*')) return Endpoint::parse($path);
        $endpoint = Endpoint::parse(substr($path, 0, -1) . 'x');
        return $endpoint !== null && $endpoint->subaction === '' ? $endpoint : null;
    }
}
