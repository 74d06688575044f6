"""The token of an API client in the tests."""

TOKEN = "un-jeton-de-portail-tire-au-hasard-0123456789"
