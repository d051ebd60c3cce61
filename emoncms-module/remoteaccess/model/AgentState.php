<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * The agent's states and error codes in the words of a person, with what to do next.
 */
final class AgentState
{
    /**
     * @return array{tone:string,headline:string,advice:string} tone is "good", "busy", "idle" or "bad"
     */
    public static function describe(string $state): array
    {
        switch ($state) {
            case 'connected':
                return self::say('good', tr('Connected'), '');
            case 'connecting':
                return self::say('busy', tr('Connecting…'), '');
            case 'disabled':
                return self::say('idle', tr('Switched off'), tr('Nobody can reach this emoncms through remote access until you switch it on again.'));
            case 'not_configured':
                return self::say('idle', tr('Not set up yet'), tr('Enter the name and password of your account at the server below.'));
            case 'bad_config':
                return self::say('bad', tr('The settings cannot be used'), tr('Save your account below once more, and look through your list on the page Permissions.'));
            case 'unreachable':
                return self::say('bad', tr('The server cannot be reached'), tr('Please check your internet connection. The agent keeps trying by itself.'));
            case 'wrong_password':
                return self::say('bad', tr('The server does not accept the password'), tr('It was changed, or this device was removed there. Enter it again, and save.'));
            case 'tls_error':
                return self::say('bad', tr('The server could not prove who it is'), tr('Nothing was sent. Please check the name of the server, and the date and time of this emoncms. The agent keeps trying by itself.'));
            case 'account_in_use':
                return self::say('bad', tr('Another emoncms uses this account'), tr('Only one at a time can. Switch remote access off there, or use another account here.'));
            case 'not_running':
                return self::say('bad', tr('The agent is not running'), tr('Restart this device. If that does not help, install the package emoncms-remoteaccess again. On the command line: sudo systemctl start emoncms-remoteaccess'));
        }
        return self::say('busy', tr('The agent is busy'), '');
    }

    public static function reasonFor(string $error): string
    {
        switch ($error) {
            case '':
                return '';
            case 'denied':
                return tr('not in your list');
            case 'bad_request':
                return tr('malformed request');
            case 'busy':
                return tr('too many at once');
            case 'emoncms_unreachable':
                return tr('emoncms did not answer');
            case 'emoncms_timeout':
                return tr('emoncms was too slow');
            case 'too_large':
                return tr('answer too large');
        }
        return $error;
    }

    private static function say(string $tone, string $headline, string $advice): array
    {
        return compact('tone', 'headline', 'advice');
    }
}
