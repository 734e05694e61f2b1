output "user_data" {
  description = "The user-data as text, byte for byte the rendered file `user-data`: for who encodes it himself or adds parts to it."
  value       = file(local.text)

  precondition {
    condition     = length(local.changed) == 0
    error_message = local.modified
  }
  precondition {
    condition     = local.fits
    error_message = local.too_big
  }
}

output "user_data_base64" {
  description = "What the cloud gets, in base64: `user-data`, or `user-data.gz` where the cloud's limit leaves only that."
  value       = local.base64

  precondition {
    condition     = length(local.changed) == 0
    error_message = local.modified
  }
  precondition {
    condition     = local.fits
    error_message = local.too_big
  }
}

output "user_data_bytes" {
  description = "What the cloud counts: the bytes of `user_data_base64` before base64."
  value       = local.bytes
}

output "user_data_limit" {
  description = "How many such bytes the cloud takes: for who adds to the user-data."
  value       = local.most
}

output "user_data_sha256" {
  description = "sha256 of what the cloud gets, before base64, in hexadecimal digits."
  value       = filesha256(local.file)
}

output "payload_sha256" {
  description = "sha256 of the files that the user-data carries: as `payload` in /var/lib/toa/receipt.json of a machine that ran it."
  value       = local.plan.payload
}

output "ready_means_working" {
  description = "Whether toa-ready.target is reached only where the reader works (`boot: {onFailure: fail}` in the spec)."
  value       = local.plan.ready_means_working
}
