#include "sealed_file.hpp"

namespace tarsier::samples {

Result<Sealer> seal_anew(const Host& host, const std::string& name) {
  if (auto removed = remove_env(host, name); !removed && removed.error().code() != TARSIER_NOT_FOUND)
    return std::move(removed).error();
  return seal(host, name);
}

Result<void> SealedFile::open_environment() {
  auto env = open_env(host_, name_, TARSIER_ENV_SEALED);
  if (!env) return std::move(env).error();
  env_ = std::move(*env);
  auto stat = env_.stat();
  if (!stat) return std::move(stat).error();
  file_bytes_ = stat->file_bytes;
  return {};
}

SealedFile::~SealedFile() {
  env_.close();
  if (!doomed_) return;
  if (kept_) {
    if (auto aside = set_aside_env(host_, name_); !aside)
      host_.warn("a segment with samples that nobody can read could not be set aside; it is removed after a restart",
                 {field("environment", name_), field("error", aside.error().message())});
    return;
  }
  if (auto removed = remove_env(host_, name_); !removed) {
    host_.warn("an environment that is not needed any more could not be removed; it is tried again after a restart",
               {field("environment", name_), field("error", removed.error().message())});
  }
}

}  // namespace tarsier::samples
