# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup, for method source: says before the build that a source cannot fit a kernel, and why. Sourced.
#
# It reads what is there, source and headers, and nothing else: version numbers do not tell, since distributions carry changes back. What it
# is not sure of it leaves to the compiler.

# fits KERNEL FOLDER: prints one line that begins with "error:" where it cannot.
fits() {
	headers=$R/lib/modules/$1/build
	all=$(find "$2" -name '*.[ch]' | sort)
	# shellcheck disable=SC2086 # names without spaces, see refuse_names
	bare=$(cat_files $all | strip_c)
	reasons=$(
		misfit_arguments 'syn_recv_sock' 'syn_recv_sock[A-Za-z0-9_]* *[(]' net/tcp.h 'tcp_v4_syn_recv_sock *[(]'
		misfit_arguments 'getname' 'inet6?_getname[A-Za-z0-9_]* *[(]' linux/net.h '[*]getname[)] *[(]'
		misfit_exports
		misfit_proc
		misfit_makefile "$2"
	)
	[ -z "$reasons" ] && return
	echo "error: this source cannot (method: module can): $(echo "$reasons" | paste -sd ';' - | sed 's/;/; /g')"
	return 1
}

# Names of source files with spaces are not for the kernel's build system either.
cat_files() { cat "$@" </dev/null 2>/dev/null; }

mentions() { echo "$bare" | grep -q "$@"; }

# Where a distribution parts the headers, most of them are behind the link "source".
header() {
	for dir in "${headers%/build}/source" "$headers"; do
		[ ! -r "$dir/include/$1" ] || { strip_c <"$dir/include/$1" && return; }
	done
}

# misfit_arguments WHAT IN-SOURCE HEADER IN-HEADER: no function of the source takes as many arguments as the kernel's.
misfit_arguments() {
	wanted=$(header "$3" | count_arguments "$4" | head -n 1)
	found=$(echo "$bare" | count_arguments "$2" | sort -nu | paste -sd , -)
	[ -n "$wanted" ] && [ -n "$found" ] || return 0
	case ,$found, in
	*,"$wanted",*) ;;
	*) echo "its $1 takes $found arguments, the kernel's $wanted" ;;
	esac
}

# For each match of a pattern that ends in an opening bracket.
count_arguments() {
	awk -v "pattern=$1" '
		{ text = text $0 " " }
		END {
			while (match(text, pattern)) {
				text = substr(text, RSTART + RLENGTH)
				depth = n = 1
				for (i = 1; depth && i <= length(text); i++) {
					c = substr(text, i, 1)
					if (c == "(") depth++
					else if (c == ")") depth--
					else if (c == "," && depth == 1) n++
				}
				print n
			}
		}
	'
}

# Without comments and strings.
strip_c() {
	awk '
		{
			line = $0
			out = ""
			gsub(/\047"\047/, "0", line)
			while (line != "") {
				if (comment) {
					i = index(line, "*/")
					line = i ? substr(line, i + 2) : ""
					if (i) comment = 0
					continue
				}
				if (!match(line, /\/\*|\/\/|"/)) {
					out = out line
					break
				}
				out = out substr(line, 1, RSTART - 1) " "
				start = substr(line, RSTART, 2)
				line = substr(line, RSTART + 1)
				if (start == "//") line = ""
				else if (start == "/*") { comment = 1; line = substr(line, 2) }
				else line = match(line, /^([^"\\]|\\.)*"/) ? substr(line, RLENGTH + 1) : ""
			}
			print out
		}
	'
}

# Only names that every such source for IPv4 needs: others may stand where they are not compiled.
misfit_exports() {
	[ -r "$headers/Module.symvers" ] || return 0
	for name in ipv4_specific inet_stream_ops tcp_v4_syn_recv_sock tcp_v4_conn_request kallsyms_lookup_name; do
		mentions -w "$name" || continue
		# Looked up by other means.
		case $name in
		kallsyms_lookup_name) ! mentions register_kprobe || continue ;;
		*) ! mentions kallsyms_lookup_name || continue ;;
		esac
		awk -v "name=$name" '$2 == name { found = 1 } END { exit !found }' "$headers/Module.symvers" ||
			echo "the kernel exports no $name"
	done
}

misfit_proc() {
	header linux/proc_fs.h | grep -q 'struct proc_ops' || return 0
	mentions 'proc_create\(_data\)\{0,1\} *(' && mentions 'struct file_operations' && ! mentions proc_ops || return 0
	echo 'the kernel wants proc_ops for files in /proc'
}

# What stands in recipes does not matter: the kernel's build system is called, never the archive's own rules.
misfit_makefile() {
	file=$1/Kbuild
	[ -e "$file" ] || file=$1/Makefile
	name=${file##*/}
	[ -e "$file" ] || { echo 'it has no Makefile' && return; }
	# shellcheck disable=SC2016 # make's variable
	grep -q '^ *obj-\(m\|\$(.*)\) *[:+]\{0,1\}=' "$file" || echo "its $name names no module for the kernel's build system (obj-m)"
	! grep -q '^ *ifn\{0,1\}\(eq\|def\).*SUBDIRS' "$file" || echo "its $name asks for SUBDIRS=, which kernels no longer give"
	! grep -q '^ *-\{0,1\}include  */\|^[^	].*-I */\(usr/src\|lib/modules\)' "$file" ||
		echo "its $name has the path of one kernel's headers in it"
	awk '
		{ joined = more; more = /\\$/ }
		joined || /^[ \t]*(#|$)/ { next }
		/^ / {
			if (rule && !/^ +(ifn?(eq|def)|else|endif|-?include|export|define|endef|[A-Za-z_0-9]+ *[:+?]?=)/) { bad = 1; exit }
			next
		}
		{ rule = /^[^\t=]+:([^=]|$)/ || (/^\t/ && rule) }
		END { exit bad }
	' "$file" || echo "its $name has spaces where make wants tabs"
}
