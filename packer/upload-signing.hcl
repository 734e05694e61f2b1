  # The key that signs, and its certificate, into memory; install.sh takes them away.
  provisioner "shell" {
    script          = "${path.root}/files/signing.sh"
    execute_command = "{{ .Vars }} sh {{ .Path }}"
  }

  provisioner "file" {
    source      = var.signing_key
    destination = "/run/toa-signing/key.pem"
  }

  provisioner "file" {
    source      = var.signing_certificate
    destination = "/run/toa-signing/certificate.pem"
  }
