<?php

use PHPUnit\Framework\TestCase;

/** Fails when a string of the pages is missing from a language, or when a language has one that no page uses. */
final class LocaleTest extends TestCase
{
    /** @dataProvider languages */
    public function testALanguageHasEveryString(string $language): void
    {
        $table = json_decode(file_get_contents(MODULE . "/locale/$language.json"), true, 2, JSON_THROW_ON_ERROR);
        $strings = self::strings();
        self::assertSame([], array_values(array_diff($strings, array_keys($table))), 'missing');
        self::assertSame([], array_values(array_diff(array_keys($table), $strings)), 'not used by any page');
        foreach ($table as $string => $translated) {
            self::assertNotSame('', trim($translated), $string);
            self::assertSame(self::places($string), self::places($translated), $string);
        }
    }

    public function languages(): array
    {
        return array_map(fn ($language) => [$language], ['cy_GB', 'da_DK', 'de_DE', 'es_ES', 'fr_FR', 'it_IT', 'nl_NL']);
    }

    public function testEveryCallIsOneThatThisCheckCanRead(): void
    {
        foreach (self::sources() as $file) {
            preg_match_all('/(?<![\w$>])tr\((?!string \$|text\b|\))(.)/', file_get_contents($file), $calls);
            self::assertSame([], array_diff($calls[1], ["'", '"']), $file);
        }
    }

    /** @return string[] */
    private static function strings(): array
    {
        $found = [];
        foreach (self::sources() as $file) {
            preg_match_all('/(?<![\w$>])tr\((?:\'((?:[^\'\\\\]|\\\\.)*)\'|"((?:[^"\\\\]|\\\\.)*)")/', file_get_contents($file), $calls);
            foreach ($calls[1] as $index => $single) $found[] = stripslashes($single . $calls[2][$index]);
        }
        return array_values(array_unique($found));
    }

    /** @return string[] */
    private static function sources(): array
    {
        return array_merge(...array_map('glob', [
            MODULE . '/*.php', MODULE . '/model/*.php', MODULE . '/Views/*.php', MODULE . '/Views/js/*.js',
        ]));
    }

    private static function places(string $text): array
    {
        preg_match_all('/%[sd]/', $text, $places);
        return $places[0];
    }
}
