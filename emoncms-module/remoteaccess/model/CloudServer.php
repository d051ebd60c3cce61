<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * The server in the cloud, as far as this page asks it: are this name and password right?
 */
class CloudServer
{
    private const CONNECT_SECONDS = 5;
    private const TOTAL_SECONDS = 10;
    private const MAX_ANSWER_BYTES = 64 * 1024;

    private const NAME = '/\A(?=.{1,253}\z)[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?\z/';
    private const USERNAME = '/\A[A-Za-z0-9_-]{1,64}\z/';

    public readonly string $host;

    /**
     * @param string $host as a person types or pastes it
     */
    public function __construct(string $host, public readonly int $https_port = 443)
    {
        $this->host = preg_replace('~\A[a-z]+://|/.*\z~i', '', trim($host));
        if ($this->host === '') throw new Refused(tr('Please enter the name of the server.'));
        if (!preg_match(self::NAME, $this->host)) {
            throw new Refused(sprintf(tr('“%s” is not the name of a server. It looks like mqtt.emoncms.org, without a port.'), $this->host));
        }
    }

    /**
     * Asks the server whether name and password are right.
     *
     * @throws Refused that says in plain words what is wrong
     */
    public function verify(string $username, #[\SensitiveParameter] string $password): Credential
    {
        if (!preg_match(self::USERNAME, $username)) {
            throw new Refused(tr('Please enter the user name of your account at the server. It consists of letters and digits.'));
        }
        if ($password === '') throw new Refused(tr('Please enter the password of your account at the server.'));

        // A server of the first generation does not know the wish for a credential of this device's own, and ignores it.
        $form = ['username' => $username, 'password' => $password, 'remoteaccess' => '1'];
        [$error, $status, $body] = $this->post('/user/auth.json', $form);
        if ($error !== 0) throw new Refused($this->troubleWith($error));

        $answer = $this->understood($status, $body);
        if ($answer->success !== true) throw new Refused($this->refusalIn($answer));
        return Credential::offeredIn($answer) ?? Credential::ofAccount($username, $password);
    }

    /**
     * @return array{int,int,string} curl's error, HTTP status, body
     */
    protected function post(string $path, #[\SensitiveParameter] array $form): array
    {
        $body = '';
        $collect = function ($curl, string $part) use (&$body): int {
            $body .= $part;
            return strlen($body) > self::MAX_ANSWER_BYTES ? 0 : strlen($part);
        };
        $curl = curl_init();
        curl_setopt_array($curl, [
            CURLOPT_URL => "https://$this->host:$this->https_port$path",
            CURLOPT_PROTOCOLS => CURLPROTO_HTTPS,
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_CONNECTTIMEOUT => self::CONNECT_SECONDS,
            CURLOPT_TIMEOUT => self::TOTAL_SECONDS,
            CURLOPT_POSTFIELDS => http_build_query($form),
            CURLOPT_HTTPHEADER => ['Accept: application/json', 'Expect:'],
            CURLOPT_WRITEFUNCTION => $collect,
        ]);
        curl_exec($curl);
        return [curl_errno($curl), (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $body];
    }

    private function troubleWith(int $error): string
    {
        switch ($error) {
            case CURLE_COULDNT_RESOLVE_HOST:
                return sprintf(tr('There is no server with the name %s. Please check the spelling, and whether this emoncms has internet access.'), $this->host);
            case CURLE_COULDNT_CONNECT:
                return sprintf(tr('%s does not accept connections. Please check the name; perhaps the server is down at the moment.'), $this->host);
            case CURLE_OPERATION_TIMEOUTED:
                return sprintf(tr('%s did not answer in time. Please check whether this emoncms has internet access, and try again in a few minutes.'), $this->host);
            case CURLE_WRITE_ERROR:
                return $this->notEmoncms();
            case CURLE_SSL_CONNECT_ERROR:
            case CURLE_SSL_CACERT:
            case CURLE_SSL_PEER_CERTIFICATE:
            case 83: // CURLE_SSL_ISSUER_ERROR
                return sprintf(tr('%s could not prove that it is who it says (its certificate is not valid), so your password was not sent. Please check the name of the server, and the date and time of this emoncms.'), $this->host);
            case CURLE_SSL_CACERT_BADFILE:
                return tr('This emoncms has no list of trusted certificates, so no server can be checked. Installing the package ca-certificates puts that right.');
        }
        return sprintf(tr('%s could not be asked (%s). Please try again in a few minutes.'), $this->host, curl_strerror($error));
    }

    private function understood(int $status, string $body): object
    {
        $answer = json_decode($body);
        if ($status === 429) throw new Refused($this->tooMany());
        if ($status >= 500) throw new Refused(sprintf(tr('%s is there, but has a problem of its own at the moment (HTTP %d). Please try again in a few minutes.'), $this->host, $status));
        if ($status >= 300 && $status < 400) throw new Refused(sprintf(tr('%s sends visitors on to another address. Please enter the name of the emoncms server itself.'), $this->host));
        if (!is_object($answer) || !is_bool($answer->success ?? null)) throw new Refused($this->notEmoncms());
        return $answer;
    }

    private function refusalIn(object $answer): string
    {
        $message = strtolower(is_string($answer->message ?? null) ? $answer->message : '');
        if (str_contains($message, 'too many')) return $this->tooMany();
        if (str_contains($message, 'second factor')) {
            return sprintf(tr('Your account at %s has a second factor: make a pairing code on your account page there, and enter it here in place of the password.'), $this->host);
        }
        if (str_contains($message, 'verify')) {
            return sprintf(tr('Your account at %s is not active yet: please follow the link in the e-mail that it sent you.'), $this->host);
        }
        return sprintf(tr('%s does not know this user name and password. Please check both; the password is that of your account there, not of this emoncms.'), $this->host);
    }

    private function tooMany(): string
    {
        return sprintf(tr('%s has seen too many attempts to sign in. Please wait a quarter of an hour, then try again.'), $this->host);
    }

    private function notEmoncms(): string
    {
        return sprintf(tr('%s answers, but it is not an emoncms server. Please check the name of the server.'), $this->host);
    }
}
