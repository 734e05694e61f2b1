#!/bin/sh
# SPDX-License-Identifier: MIT
# The judge's word on the finished image; a failure fails the build.
exec "$TOA_BAKE" validate "$IMAGE"
