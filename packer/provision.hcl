  # cloud-init may still be at work, and hold the package manager.
  provisioner "shell" {
    scripts          = ["${path.root}/files/wait.sh", "${path.root}/files/upgrade.sh"]
    environment_vars = ["UPGRADE_KERNEL=${var.upgrade_kernel}"]
    execute_command  = "{{ .Vars }} sh {{ .Path }}"
  }

  # The same bytes that user-data carries.
  provisioner "file" {
    source      = "${path.root}/files/install-toa.sh"
    destination = "install-toa.sh"
  }

  provisioner "shell" {
    script          = "${path.root}/files/install.sh"
    execute_command = "{{ .Vars }} sh {{ .Path }}"
  }

  # Only where the kernel that boots next is not the running one; it ends when the connection does.
  provisioner "shell" {
    script            = "${path.root}/files/reboot.sh"
    environment_vars  = ["REBOOT=${var.reboot}"]
    execute_command   = "{{ .Vars }} sh {{ .Path }}"
    expect_disconnect = true
    valid_exit_codes  = [0, 129, 137, 143]
  }

  # Tried again while the machine is still going down.
  provisioner "shell" {
    script              = "${path.root}/files/verify.sh"
    environment_vars    = ["REBOOT=${var.reboot}"]
    execute_command     = "{{ .Vars }} sh {{ .Path }}"
    start_retry_timeout = "15m"
    max_retries         = 5
  }

  # Brought back before anything is judged, so that a failure leaves more than a sentence.
  provisioner "file" {
    direction   = "download"
    source      = "/var/lib/toa/report/receipt.json"
    destination = "${var.report_directory}/${source.type}/receipt.json"
  }

  provisioner "file" {
    direction   = "download"
    source      = "/var/lib/toa/report/log"
    destination = "${var.report_directory}/${source.type}/log"
  }

  provisioner "shell" {
    script          = "${path.root}/files/judge.sh"
    execute_command = "{{ .Vars }} sh {{ .Path }}"
  }

  # The last step: after it the machine is not one to log in to any more. A host that goes on running is not sealed.
  provisioner "shell" {
    script           = "${path.root}/files/seal.sh"
    environment_vars = ["SEAL=${var.seal && source.type != "null"}"]
    execute_command  = "{{ .Vars }} sh {{ .Path }}"
  }
