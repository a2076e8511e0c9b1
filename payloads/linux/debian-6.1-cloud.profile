# Debian 12's own kernel for clouds: 4K pages, few drivers, most of them modules.
suite=bookworm
package=linux-image-6.1.0-50-cloud-arm64
version=6.1.176-1
sha256=9d41a53f5d687ae1a33cf546d0ed8be955f72e5f9e97b2b4e45e41dff3353b97
# The package that depends on the suite's newest such kernel, for when the pinned one is gone.
newest=linux-image-cloud-arm64
