# shellcheck shell=sh disable=SC2015 # what comes before || may fail
# SPDX-License-Identifier: MIT
# Part of toa-setup: signs what is built here, for kernels that take signed modules only. Sourced by the part for our module, whose
# functions sign, certificate and keep_key it replaces.
#
# TOA_SIGNING: once (a key is brought for this run), kept (it is brought, and stays for later kernels), made (here, by DKMS where that is).

# What a former plan left here.
grep -q '^TOA_SIGNING=' "$FROM/etc/toa/toa.env" || return 0
read_env SIGNING

# In memory, since what must not stay must never be on a disk: key.pem, and certificate.pem, which may be DER.
BROUGHT=$R/run/toa-signing
KEPT=$R/etc/toa/signing

is_dkms() { [ "$TOA_SIGNING$TOA_METHOD" = mademodule ] && has dkms; }

key_file() { [ -e "$BROUGHT/key.pem" ] && echo "$BROUGHT/key.pem" || echo "$KEPT/key.pem"; }

certificate_file() {
	if is_dkms; then
		named=$(sed -n "s/^ *mok_certificate=[\"']*\([^\"']*\).*/\1/p" "$R"/etc/dkms/framework.conf "$R"/etc/dkms/framework.conf.d/* | tail -n 1)
		for file in "$R${named:-/none}" "$R/var/lib/shim-signed/mok/MOK.der" "$R/var/lib/dkms/mok.pub"; do
			[ ! -e "$file" ] || break
		done
		echo "$file"
	elif [ -e "$BROUGHT/certificate.pem" ]; then
		echo "$BROUGHT/certificate.pem"
	else
		echo "$KEPT/certificate.der"
	fi
} 2>/dev/null

# As DER.
certificate() {
	file=$(certificate_file)
	openssl x509 -in "$file" -outform DER || openssl x509 -inform DER -in "$file" -outform DER
} 2>/dev/null
x509() { certificate | openssl x509 -inform DER -noout "$@" 2>/dev/null; }

# The kernel names a key by its subject's key id, else by its certificate's serial number, without a zero in front.
is_known() {
	id=$(x509 -text | sed -n '/Subject Key Identifier/{n;s/[^0-9A-Fa-f]//gp;}')
	id=$(echo "${id:-$(x509 -serial | sed 's/.*=//')}" | sed 's/^00//' | tr A-F a-f)
	grep -q "asymmetri.*: $id: X509" "$R/proc/keys"
} 2>/dev/null

signature() {
	# deps brings openssl, and the build asks again.
	has openssl || return 0
	reason=$(misfit "$NEXT")
	[ -z "$reason" ] || die 10 "$reason"
	! takes_signed_only || [ ! -e "$(certificate_file)" ] || is_known ||
		die 10 "Secure Boot is on, and the kernel does not know the certificate $(certificate_file)" "$(enrolment)"
}

enrolment() {
	! takes_signed_only || is_known ||
		echo "enrol it: mokutil --import $(certificate_file) (as DER), reboot, and choose Enroll MOK at the console; or put it into the firmware's db"
}

# misfit KERNEL: why nothing can be signed for it.
misfit() {
	! is_dkms || return 0
	[ "$TOA_SIGNING" != made ] || [ -e "$(certificate_file)" ] || return 0
	key=$(key_file)
	public=$(openssl pkey -in "$key" -passin pass: -pubout 2>/dev/null)
	if ! has openssl; then
		echo 'there is no openssl'
	elif [ ! -e "$key" ]; then
		method_is_built "$1" ||
			echo "there is no key to sign the module for kernel $1: put key.pem and certificate.pem into ${BROUGHT#"$R"}"
	elif [ -z "$public" ]; then
		echo "$key is no private key in PEM form without a passphrase"
	elif ! x509 -pubkey >/dev/null; then
		echo "$(certificate_file) is no certificate"
	elif [ "$(x509 -pubkey)" != "$public" ]; then
		echo 'key and certificate do not belong together'
	elif ! x509 -checkend 0 >/dev/null; then
		echo "the certificate has expired: $(x509 -enddate)"
	elif has_headers "$1" && ! sign_tool "$1" >/dev/null; then
		echo "nothing to sign with: neither scripts/sign-file among the headers of kernel $1 nor kmodsign"
	fi
}

sign_tool() {
	for tool in "$R/lib/modules/$1/build/scripts/sign-file" "$R/lib/modules/$1/source/scripts/sign-file" "$(command -v kmodsign)"; do
		[ ! -x "$tool" ] || { echo "$tool" && return; }
	done
	false
}

# sign KERNEL FILE
sign() {
	[ "$TOA_SIGNING" != made ] || [ -e "$(certificate_file)" ] || make_key || return
	reason=$(misfit "$1")
	[ -z "$reason" ] || { echo "error: $reason" && return 1; }
	hash=$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' "$R/lib/modules/$1/build/.config" 2>/dev/null)
	certificate >"$2.der" && "$(sign_tool "$1")" "${hash:-sha256}" "$(key_file)" "$2.der" "$2"
}

# Good for kernel modules and nothing else: shim takes no boot loader that it has signed.
make_key() (
	umask 077
	rm -rf "$BROUGHT" && mkdir "$BROUGHT" && openssl req -new -x509 -newkey rsa:2048 -nodes -sha256 -days 36500 \
		-keyout "$BROUGHT/key.pem" -out "$BROUGHT/certificate.pem" -config /dev/stdin <<-END
			[req]
			prompt = no
			distinguished_name = name
			x509_extensions = extensions
			[name]
			CN = TOA module key of $(uname -n | cut -c -40)
			[extensions]
			basicConstraints = critical, CA:FALSE
			keyUsage = digitalSignature
			extendedKeyUsage = codeSigning, 1.3.6.1.4.1.2312.16.1.2
			subjectKeyIdentifier = hash
		END
)

# The certificate is no secret: by it a build is known again. It comes last, and shows that the pair is whole.
keep_key() (
	umask 077
	if [ "$TOA_SIGNING" = once ]; then
		rm -f "$KEPT/key.pem"
	elif [ -e "$BROUGHT/key.pem" ]; then
		put "$KEPT/key.pem" 600 <"$BROUGHT/key.pem"
	fi || return
	[ ! -e "$BROUGHT/certificate.pem" ] || certificate | put "$KEPT/certificate.der" 644 && rm -rf "$BROUGHT"
)
