<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\Guard;
use RemoteAccess\Refused;

final class GuardTest extends TestCase
{
    private const LOGIN = ['write' => 1, 'read' => 1, 'userid' => 1, 'admin' => 1, 'public_userid' => 0];
    private const HOME = 'http://emonpi.local/emoncms/';

    /** @runInSeparateProcess */
    public function testOnlyTheOwnerMaySeeThis(): void
    {
        $one = new FakeUser([1 => ['r', 'w']]);
        $two = new FakeUser([1 => ['r', 'w'], 2 => ['r2', 'w2']]);
        self::assertFalse(Guard::isOwner(self::LOGIN, $one), 'without a PHP session: an API key of emoncms 11.4');

        session_start(['use_cookies' => 0, 'cache_limiter' => '', 'save_path' => sys_get_temp_dir()]);
        self::assertTrue(Guard::isOwner(self::LOGIN, $two), 'the administrator');
        self::assertTrue(Guard::isOwner(['admin' => 0] + self::LOGIN, $one), 'the only user');
        self::assertFalse(Guard::isOwner(['admin' => 0] + self::LOGIN, $two), 'one of several users');
        self::assertFalse(Guard::isOwner(['apikey' => 1] + self::LOGIN, $one), 'an API key of emoncms of today');
        self::assertFalse(Guard::isOwner(['write' => 0] + self::LOGIN, $one), 'one who may only read');
        self::assertFalse(Guard::isOwner(['userid' => 0] + self::LOGIN, $one), 'nobody');
        self::assertFalse(Guard::isOwner(['public_userid' => 1] + self::LOGIN, $one), 'a public profile');
        self::assertFalse(Guard::isOwner([], $one));
        session_destroy();
    }

    /** @dataProvider origins */
    public function testOnlyOurOwnPagesMayChangeAnything(bool $may, array $headers): void
    {
        self::assertSame($may, Guard::isSameOrigin($headers + ['HTTP_HOST' => 'emonpi.local'], self::HOME));
    }

    public function origins(): array
    {
        return [
            'own, over HTTP' => [true, ['HTTP_ORIGIN' => 'http://emonpi.local']],
            'own, over HTTPS' => [true, ['HTTP_ORIGIN' => 'https://emonpi.local', 'HTTP_SEC_FETCH_SITE' => 'same-origin']],
            'behind a proxy that changes Host' => [true, ['HTTP_ORIGIN' => 'http://emonpi.local', 'HTTP_HOST' => '127.0.0.1:8080']],
            'another port' => [false, ['HTTP_ORIGIN' => 'http://emonpi.local:1880']],
            'another site' => [false, ['HTTP_ORIGIN' => 'http://evil.example']],
            'a site with our name in it' => [false, ['HTTP_ORIGIN' => 'http://emonpi.local.evil.example']],
            'a file' => [false, ['HTTP_ORIGIN' => 'null']],
            'the browser says another port' => [false, ['HTTP_ORIGIN' => 'https://emonpi.local', 'HTTP_SEC_FETCH_SITE' => 'same-site']],
            'the browser says another site' => [false, ['HTTP_SEC_FETCH_SITE' => 'cross-site']],
            'no browser' => [false, []],
        ];
    }

    /** @dataProvider bodies */
    public function testOnlyJsonObjectsAreTaken(?object $taken, string $type, string $text): void
    {
        $stream = 'data:text/plain;base64,' . base64_encode($text);
        if ($taken === null) $this->expectException(Refused::class);
        self::assertEquals($taken, Guard::body(['CONTENT_TYPE' => $type], $stream));
    }

    public function bodies(): array
    {
        $json = '{"password": "p%41ss\\\\x"}';
        return [
            [(object) ['password' => 'p%41ss\\x'], 'application/json; charset=utf-8', $json],
            [null, 'text/plain', $json],
            [null, 'application/x-www-form-urlencoded', $json],
            [null, '', $json],
            [null, 'application/json', '[]'],
            [null, 'application/json', ''],
            [null, 'application/json', '{'],
            [null, 'application/json', '{"x": "' . str_repeat('x', Guard::MAX_BODY_BYTES) . '"}'],
        ];
    }
}
