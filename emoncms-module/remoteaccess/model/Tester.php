<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Says what the agent would do with a request, by the agent's rules.
 */
final class Tester
{
    /**
     * @param string $typed a path as a person types or pastes it: feed/list, /feed/data.json?id=1
     */
    public static function tell(AccessList $list, string $typed): array
    {
        $path = preg_replace('~[?#].*\z~s', '', trim($typed));
        $path = ltrim(preg_replace('~\.(json|csv|txt)\z~', '', $path), '/');
        $endpoint = Endpoint::parse($path);
        if ($endpoint === null) {
            return self::say('malformed', mb_substr($path, 0, 200), tr('This would be refused, because it is not an endpoint. An endpoint looks like feed/list or input/process/set.'));
        }
        if ($endpoint->isNeverRelayed()) {
            return self::say('denied', $path, tr('This would be refused, because it is never available through remote access, whatever your list says.'));
        }
        $entry = $list->entryFor($endpoint);
        if ($entry === null) {
            return self::say('denied', $path, tr('This would be refused, because it is not in your list.'));
        }
        $verdict = $list->verdict($path, 'write');
        $sentence = $verdict === 'read'
            ? tr('This would be answered with the read key, because your list has “%s”.')
            : tr('This would be answered with the write key, because your list has “%s”; but only to those who may write at the server. All others are refused.');
        return self::say($verdict, $path, sprintf($sentence, $entry));
    }

    private static function say(string $verdict, string $path, string $sentence): array
    {
        return compact('verdict', 'path', 'sentence');
    }
}
