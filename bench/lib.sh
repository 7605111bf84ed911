# lib.sh - for the benches of the daemon psmd.
# Read after tests/psmd/lib.sh by ". $top_srcdir/bench/lib.sh".

seconds=${PSM_BENCH_SECONDS:-4}

now() {
	date +%s.%N
}

# row WHAT OURS PEER UNIT NAME HIGHER: the ratio, of what is better when higher
# (1) or lower (0)
row() {
	echo "$2 $3" | awk -v what="$1" -v unit="$4" -v name="$5" -v up="$6" '{
		ratio = up ? $1 / $2 : $2 / $1
		printf "%-47s %9.2f  %9.2f %-3s %-24s %7.2fx\n",
			what, $1, $2, unit, name, ratio
	}'
}

# rate CONNECTIONS URL [WRK-ARGUMENT...]: requests a second; milliseconds, the
# median and that of the slowest hundredth; how many there were
rate() {
	connections=$1 url=$2
	shift 2
	wrk -t "$((connections > 1 ? 2 : 1))" -c "$connections" \
		-d "${seconds}s" --timeout 20s --latency "$@" "$url" \
		>"$tmp/wrk" 2>&1
	awk '
	function ms(t) {
		return t ~ /us$/ ? t / 1000 : t ~ /ms$/ ? t + 0 : t * 1000
	}
	/^ *50%/ { half = ms($2) }
	/^ *99%/ { slow = ms($2) }
	/requests in/ { n = $1 }
	/^Requests\/sec:/ { rate = $2 }
	/Non-2xx|Socket errors/ { print > "/dev/stderr" }
	END { print rate, half, slow, n }' "$tmp/wrk"
}
