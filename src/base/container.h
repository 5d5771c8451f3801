/*
 * Containers: are the files of this process deleted with its container, and which paths outlive it?
 *
 *	if (container_is_temporary("") && container_loses("", "/var/lib/doubletour"))
 *		...                                             no volume is mounted there
 *
 * Signs of a container. One is enough:
 *
 *   variable `container`         Podman sets it. Our Containerfile sets it too, so that other runtimes have it
 *   /run/.containerenv           Podman and Buildah make it
 *   /.dockerenv                  Docker makes it. A virtual machine whose disk was made from an image has it too.
 *                                So it does not count if the root is a file system on a block device
 *   /run/systemd/container       systemd writes it in a container: the word of the variable
 *   `container=` of process 1    for processes without its environment, such as those that sudo starts. Only root can
 *                                read it
 *
 * The word in the variable names the manager of the container. Some keep the root file system, as a machine does: lxc,
 * lxc-libvirt, systemd-nspawn, openvz, wsl. Their words do not count.
 *
 * `root` is a prefix of these paths: "" for the real ones, another folder in tests.
 */
#ifndef BASE_CONTAINER_H
#define BASE_CONTAINER_H

#include <stdbool.h>

bool container_is_temporary(const char *root);

/*
 * Is the path on the same mount as the root? If it does not exist, its first existing parent folder counts. A volume is
 * another mount, even if it is on the same device. false if the kernel does not answer.
 */
bool container_loses(const char *root, const char *path);

#endif
