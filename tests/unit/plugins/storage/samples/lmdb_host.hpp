// LmdbHost: a host with the real storage room on a temporary directory, and nothing else.
#pragma once

#include <optional>

#include "tarsier/host.hpp"
#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::samples::test {

class LmdbHost {
 public:
  explicit LmdbHost(const std::string& directory = {}, storage::StorageOptions options = {}) : host_(client_.host()) {
    options.data_dir = directory.empty() ? own_.emplace().path() : directory;
    options.map_bytes = uint64_t{1} << 30;
    options.min_free_bytes = 0;
    auto opened = storage::Storage::open(options);
    if (!opened) bug(("the test's storage: " + opened.error().message()).c_str());
    storage_ = std::move(*opened);
    client_.use(storage_.get());
    log_.size = sizeof(log_);
    log_.enabled = [](const tarsier_host*, tarsier_log_level) -> int32_t { return 0; };
    host_.storage = storage::storage_service();
    host_.log_service = &log_;
  }
  const Host& host() const noexcept { return host_; }

 private:
  std::optional<storage::testing::TempDir> own_;
  std::unique_ptr<storage::Storage> storage_;
  storage::testing::Client client_{nullptr, "samples"};
  tarsier_log log_{};
  Host host_;
};

}  // namespace tarsier::samples::test
