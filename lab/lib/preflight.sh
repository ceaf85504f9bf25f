preflight_machine() { [ "$(id -u)" = 0 ] || die "root"; }
preflight_network() { :; }
