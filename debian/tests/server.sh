# Start, stop and configure the installed server: by systemd, or in a system without it (a chroot) by hand.
settings=/etc/doubletour/doubletour.env
log=${AUTOPKGTEST_TMP:?}/server.log

# set_up NAME=VALUE...: set the settings and create the database.
set_up() {
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

stop_server() {
	if [ -d /run/systemd/system ]; then
		systemctl disable --now doubletour
	else
		kill "$server"
		wait "$server"
	fi
}
