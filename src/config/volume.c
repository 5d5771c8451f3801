#include "config/volume.h"

#include "base/container.h"
#include "base/file.h"

/* The folder whose files would be lost, or "". */
static void
volume_lost_folder(const struct config *config, char ret_folder[CONFIG_TEXT_MAX])
{
	ret_folder[0] = '\0';
	if (config->secret_key_bytes == 0 && container_loses("", config->data_dir))
		(void)!str_copy_z(str_of(config->data_dir), ret_folder, CONFIG_TEXT_MAX);
	else if (config->database == DATABASE_SQLITE && container_loses("", config->database_path))
		(void)!str_copy_z(file_folder(config->database_path), ret_folder, CONFIG_TEXT_MAX);
}

err
volume_check(const struct config *config, struct why *why)
{
	char folder[CONFIG_TEXT_MAX];

	if (config->ephemeral || config->profile != PROFILE_PRODUCTION || !container_is_temporary(""))
		return ERR_OK;
	volume_lost_folder(config, folder);
	if (folder[0] == '\0')
		return ERR_OK;
	return why_set(why, ERR_CONFIG,
		       "Your data would be lost with this container.  Mount a volume at %s, or set EPHEMERAL=1.",
		       folder);
}
