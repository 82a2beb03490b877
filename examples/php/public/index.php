<?php

declare(strict_types=1);

require __DIR__ . '/../vendor/autoload.php';

use Jumbojett\OpenIDConnectClient;
use Jumbojett\OpenIDConnectClientException;

function setting(string $name, string $default = ''): string
{
    return getenv($name) ?: $default;
}

$home = 'http://localhost:' . setting('PORT', '8084');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);

// The library checks RS256 and not ES256: registration.json asks for it.
$oidc = new OpenIDConnectClient(setting('ISSUER', 'http://localhost:3000'), setting('CLIENT_ID'), setting('CLIENT_SECRET'));
$oidc->setRedirectURL("$home/callback");
$oidc->setCodeChallengeMethod('S256');
$oidc->setHttpUpgradeInsecureRequests(false); // only because this example runs on http
$oidc->addScope(['profile', 'email']);

// One file for each session at SIAPkerja says which session here belongs to it; several servers keep that in a database.
$sessions = setting('SESSIONS', sys_get_temp_dir() . '/siapkerja-example-php');
if (!is_dir($sessions)) {
    mkdir($sessions, 0700, true);
}
$fileOf = fn (string $sid): string => $sessions . '/' . hash('sha256', $sid);

if ($path === '/backchannel-logout') {
    header('Cache-Control: no-store');
    try {
        if ($_SERVER['REQUEST_METHOD'] !== 'POST' || !$oidc->verifyLogoutToken()) {
            throw new OpenIDConnectClientException('not a logout token');
        }
        // Without sid every session of the person ends: a service keeps its sessions by sub as well, then.
        $file = $fileOf($oidc->getSidFromBackChannel());
        if (is_file($file)) {
            session_id(file_get_contents($file));
            session_start();
            session_destroy();
            unlink($file);
        }
    } catch (Throwable $problem) {
        error_log($problem->getMessage());
        http_response_code(400);
    }
    return;
}

session_start(['name' => 'contoh_php', 'cookie_httponly' => true, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true]);

if ($path === '/login' || $path === '/callback') {
    try {
        $oidc->authenticate(); // leads away from /login, and does the rest at /callback
        session_regenerate_id(true);
        // Who the person is stands in userinfo; the ID token tells only that and how they signed in.
        $person = $oidc->requestUserInfo();
        $sid = $oidc->getVerifiedClaims('sid');
        $_SESSION = ['sub' => $person->sub, 'name' => $person->name, 'email' => $person->email ?? null, 'id_token' => $oidc->getIdToken()];
        if ($sid !== null) {
            file_put_contents($fileOf($sid), session_id());
        }
    } catch (OpenIDConnectClientException $problem) {
        // "The person went back without signing in" is no error of ours; nor is an answer that comes twice, where the first has signed the person in.
        if (($_GET['error'] ?? '') !== 'access_denied' && !isset($_SESSION['sub'])) {
            error_log($problem->getMessage());
            http_response_code(400);
            echo '<h1>Masuk tidak berhasil</h1><p><a href="/">Kembali</a></p>';
            return;
        }
    }
    header("Location: $home/", true, 303);
    return;
}

if ($path === '/logout') {
    $idToken = $_SESSION['id_token'] ?? '';
    $_SESSION = [];
    session_destroy();
    $oidc->signOut($idToken, "$home/");
    return;
}

$name = htmlspecialchars($_SESSION['name'] ?? '');
$email = htmlspecialchars($_SESSION['email'] ?? 'tanpa email');
echo isset($_SESSION['sub'])
    ? "<h1>Halo, $name</h1><p>$email</p><p><a href=\"/logout\">Keluar</a></p>"
    : '<h1>Contoh PHP</h1><p><a href="/login">Masuk dengan SIAPkerja</a></p>';
