locals {
  # What toa-bake rendered beside this file. All of it is read as data, so nothing in it can become a template.
  plan  = jsondecode(file("${path.module}/toa.json"))
  cloud = var.cloud == null ? local.plan.clouds[0] : one([for cloud in local.plan.clouds : cloud if cloud.id == var.cloud])
  most  = var.limit == "safe" ? local.cloud.warn_bytes : local.cloud.fail_bytes

  # user-data, or user-data.gz for a cloud whose limit only that meets. filebase64 and not base64encode: the bytes, whatever they are.
  text   = "${path.module}/user-data"
  file   = "${path.module}/${local.cloud.file}"
  base64 = filebase64(local.file)
  bytes  = length(local.base64) / 4 * 3 - length(regexall("=", local.base64))

  fits     = local.bytes <= local.most
  too_big  = "The user-data of ${local.plan.target} has ${local.bytes} bytes; ${local.cloud.name} takes at most ${local.most}. Write payload: {url} in the spec, which has it fetched, or shorten the trust list, or bake an image."
  changed  = [for name, sha256 in local.plan.sha256 : name if filesha256("${path.module}/${name}") != sha256]
  modified = "Not as toa-bake rendered it: ${join(", ", local.changed)} in ${path.module}. Was it edited, or were its line endings changed? Render it anew."
}
