<?php

/**
 * Driver of Roundcube's password plugin (1.6) for MA-MAMIA: what its own `httpapi` does, and the person reads why.
 *
 * Takes the settings of `httpapi` for the address and the client.
 */
class rcube_mamia_password
{
    /**
     * @return int|array PASSWORD_SUCCESS, PASSWORD_CONNECT_ERROR, or PASSWORD_ERROR with the reason
     */
    public function save($current, $new, $username)
    {
        $form = ['user' => $username, 'curpass' => $current, 'newpass' => $new];
        try {
            $answer = password::get_http_client()->request('POST', $this->url(''), [
                'form_params' => $form,
                'headers' => ['Accept-Language' => $this->language()] + $this->headers(),
            ]);
        } catch (Exception $error) {
            // Its text holds address, status and problem, and nothing that was sent.
            rcube::raise_error(['code' => 600, 'message' => 'Password plugin: ' . $error->getMessage()], true, false);

            return PASSWORD_CONNECT_ERROR;
        }
        $said = trim((string) $answer->getBody());

        return $said === 'ok' ? PASSWORD_SUCCESS : ['code' => PASSWORD_ERROR, 'message' => $said];
    }

    /**
     * @return string[] what a new password must do
     */
    public function strength_rules()
    {
        try {
            $answer = password::get_http_client()->request('GET', $this->url('/../policy'), [
                'headers' => ['Accept-Language' => $this->language()] + $this->headers(),
            ]);

            $policy = json_decode((string) $answer->getBody(), true);

            // The plugin writes them into the page as they are.
            return array_map(['rcube', 'Q'], array_column($policy['rules'] ?? [], 'sentence'));
        } catch (Throwable $error) {
            return [];
        }
    }

    private function url($more)
    {
        $url = rcmail::get_instance()->config->get('password_httpapi_url') . $more;

        return preg_replace('#/[^/]+/\.\./#', '/', $url);
    }

    private function headers()
    {
        $client = (array) rcmail::get_instance()->config->get('password_http_client');

        return $client['headers'] ?? [];
    }

    private function language()
    {
        return substr($_SESSION['language'] ?? 'fr', 0, 2);
    }
}
