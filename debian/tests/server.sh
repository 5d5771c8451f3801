# Functions that configure, start and stop the installed server: with systemd, or directly in a chroot without systemd.
settings=/etc/doubletour/doubletour.env
data=/var/lib/doubletour
log=${AUTOPKGTEST_TMP:?}/server.log
server=

# Refuse a system that has accounts.  At the end of the test, clean_up restores the settings and removes the database.
begin() {
	if [ -e $data/doubletour.sqlite ]; then
		echo "$data has accounts: run this test on a system without them."
		exit 1
	fi
	cp -p $settings "$AUTOPKGTEST_TMP/settings"
	trap clean_up EXIT
}

# set_up NAME=VALUE...: call begin, write the settings and create the database.
set_up() {
	begin
	for setting in "$@"; do
		sed -i "/^#\?${setting%%=*}=/d" "$settings"
		echo "$setting" >>"$settings"
	done
	doubletour config check
	doubletour db init
}

start_server() {
	if [ -d /run/systemd/system ]; then
		systemctl enable --now doubletour
		server=systemd
	else
		(cd / && exec setpriv --reuid doubletour --regid doubletour --init-groups doubletour run) >>"$log" 2>&1 &
		server=$!
	fi
	for _ in $(seq 100); do
		if doubletour healthcheck >/dev/null 2>&1; then return; fi
		sleep 0.2
	done
	doubletour healthcheck || true
	cat "$log"
	return 1
}

# The package of nginx may have started it already.
start_nginx() {
	nginx -t
	if [ -d /run/systemd/system ]; then
		systemctl restart nginx
	else
		nginx -s stop 2>/dev/null || true
		nginx
	fi
}

stop_nginx() {
	if [ -d /run/systemd/system ]; then
		systemctl stop nginx
	else
		nginx -s stop || true
	fi
}

stop_server() {
	if [ "$server" = systemd ]; then
		systemctl disable --now doubletour
	else
		kill "$server"
		wait "$server"
	fi
	server=
}

clean_up() {
	[ -z "$server" ] || stop_server
	cp -p "$AUTOPKGTEST_TMP/settings" $settings
	rm -rf $data/doubletour.*
	if [ -e /etc/nginx/conf.d/doubletour.conf ]; then
		stop_nginx
		rm /etc/nginx/conf.d/doubletour.conf
	fi
}
