<?php
// One change by a driver of Roundcube's password plugin, in the real framework; what is to be done comes on standard
// input, so that no password is in an argument. ROUNDCUBE_CONFIG_DIR names the settings.
define('INSTALL_PATH', '/usr/share/roundcube/');
require INSTALL_PATH . 'program/include/clisetup.php';
$wanted = json_decode(stream_get_contents(STDIN), true);
$rcmail = rcmail::get_instance();
require_once INSTALL_PATH . 'plugins/password/password.php';
require_once $wanted['file'];
$_SESSION['language'] = 'fr_FR';
$driver = new $wanted['class']();
echo json_encode([
    'result' => $driver->save($wanted['current'], $wanted['new'], $wanted['user']),
    'rules' => method_exists($driver, 'strength_rules') ? $driver->strength_rules() : [],
]);
