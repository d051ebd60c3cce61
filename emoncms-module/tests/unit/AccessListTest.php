<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\AccessList;
use RemoteAccess\Endpoint;
use RemoteAccess\Presets;
use RemoteAccess\Refused;

/** The agent runs the same table of cases. */
final class AccessListTest extends TestCase
{
    /** @dataProvider cases */
    public function testDecidesAsTheAgentDoes(array $list, string $path, string $caller, string $verdict): void
    {
        self::assertSame($verdict, AccessList::checked($list)->verdict($path, $caller));
    }

    public function cases(): iterable
    {
        foreach (self::table()['cases'] as $number => $case) {
            foreach ($case['requests'] as $request) {
                ['path' => $path, 'caller' => $caller, 'verdict' => $verdict] = $request;
                yield "list $number: $path as $caller" => [$case['list'], $path, $caller, $verdict];
            }
        }
    }

    /** @dataProvider validEntries */
    public function testTakesValidEntries(string $path): void
    {
        self::assertNull(AccessList::problemOf($path, 'read'));
    }

    public function validEntries(): array
    {
        return array_map(fn ($path) => [$path], self::table()['valid_entries']);
    }

    /** @dataProvider invalidEntries */
    public function testNamesInvalidEntries(string $path): void
    {
        self::assertStringContainsString("“{$path}”", AccessList::problemOf($path, 'read'));
    }

    public function invalidEntries(): array
    {
        return array_map(fn ($path) => [$path], self::table()['invalid_entries']);
    }

    public function testTakesNoOtherRights(): void
    {
        foreach (['rw', '', 'Read', true, 1, null, []] as $right) {
            self::assertNotNull(AccessList::problemOf('feed/list', $right));
        }
    }

    public function testAListHasABoundedLength(): void
    {
        $this->expectException(Refused::class);
        AccessList::checked(array_fill_keys(array_map(fn ($n) => "a/b$n", range(0, AccessList::MAX_ENTRIES)), 'read'));
    }

    public function testNoEntryOpensStepsThatTheRouterWouldCut(): void
    {
        foreach (['feed/emoncmspi', 'feed/a/emoncmspi', 'feed/EMONCMSapi'] as $path) {
            self::assertTrue(Endpoint::parse($path)->isNeverRelayed(), $path);
        }
    }

    public function testEntriesWithoutEffectAreKnown(): void
    {
        self::assertTrue(AccessList::isWithoutEffect('admin/*'));
        self::assertTrue(AccessList::isWithoutEffect('user/get'));
        self::assertTrue(AccessList::isWithoutEffect('feed/api'));
        self::assertFalse(AccessList::isWithoutEffect('user/session'));
        self::assertFalse(AccessList::isWithoutEffect('feed/*'));
    }

    public function testReadOnlyIsWhatAFreshInstallAllows(): void
    {
        $example = json_decode(file_get_contents(PROJECT . '/agent/remoteaccess.example.json'), true);
        self::assertEquals($example['ACCESS_CONTROL'], Presets::readOnly());
        self::assertSame(['read'], array_values(array_unique(Presets::readOnly())));
    }

    private static function table(): array
    {
        return json_decode(file_get_contents(PROJECT . '/tests/access-list-cases.json'), true, 16, JSON_THROW_ON_ERROR);
    }
}
