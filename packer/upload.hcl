  # What the spec pins by path, into a folder toa-files beside install-toa.sh, which looks for it there.
  provisioner "file" {
    source      = "${path.root}/files/toa-files"
    destination = "."
  }
