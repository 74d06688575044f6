<?php
// For /etc/roundcube/plugins/password/config.inc.php, with 'password' among $config['plugins'].
// The token comes from `mamia api-token webmail`, for a client with services = ["roundcube", "policy"].
$config['password_driver'] = 'httpapi';
$config['password_httpapi_url'] = 'https://compte.ac-example.fr/api/v1/roundcube';
// Without it the driver takes every answer for a success, refusals too.
$config['password_httpapi_expect'] = '/^ok$/i';
$config['password_http_client'] = ['headers' => ['Authorization' => 'Bearer TOKEN'], 'timeout' => 20];
// What the driver calls the fields, as its README has them.
$config['password_httpapi_var_user'] = 'user';
$config['password_httpapi_var_curpass'] = 'curpass';
$config['password_httpapi_var_newpass'] = 'newpass';
// Where people log in with their address and the directory knows them by the part before the @.
// $config['password_username_format'] = '%l';

// With mamia.php of this folder in plugins/password/drivers/, people also read why a password was refused, and what
// it must be like before they type one.
// $config['password_driver'] = 'mamia';
// $config['password_strength_driver'] = 'mamia';
