"""The pages and texts of the gateway; a package only so that an installed wheel finds them."""
