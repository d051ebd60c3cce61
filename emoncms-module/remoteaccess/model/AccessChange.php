<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * What became of an access list, so that two people who edit it at once lose nothing without a word.
 * Lists are path => right; a change is path => right, or path => null where the entry was taken out.
 */
final class AccessChange
{
    /**
     * @return array<string,?string> what turns $old into $new
     */
    public static function between(array $old, array $new): array
    {
        $change = [];
        foreach ($new as $path => $right) {
            if (($old[$path] ?? null) !== $right) $change[$path] = $right;
        }
        foreach (array_diff_key($old, $new) as $path => $right) {
            $change[$path] = null;
        }
        ksort($change, SORT_STRING);
        return $change;
    }

    /**
     * @return array<string,string> $list with the change made
     */
    public static function applied(array $list, array $change): array
    {
        foreach ($change as $path => $right) {
            if ($right === null) unset($list[$path]);
            else $list[$path] = $right;
        }
        ksort($list, SORT_STRING);
        return $list;
    }

    /**
     * @return string[] what both changed, to different ends
     */
    public static function disputed(array $mine, array $theirs): array
    {
        $both = array_keys(array_intersect_key($mine, $theirs));
        return array_values(array_filter($both, fn ($path) => $mine[$path] !== $theirs[$path]));
    }
}
