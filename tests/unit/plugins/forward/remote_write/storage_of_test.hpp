// StorageOfTest: the real storage room on a directory, behind a table that a FakeHost can use.
#pragma once

#include <memory>
#include <string>

#include "tests/unit/core/storage/storage_fixture.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::forward::test {

class StorageOfTest {
 public:
  explicit StorageOfTest(const std::string& directory) {
    storage::StorageOptions options;
    options.data_dir = directory;
    options.map_bytes = uint64_t{1} << 30;
    options.min_free_bytes = 0;
    auto opened = storage::Storage::open(options);
    if (!opened) bug(("the test's storage: " + opened.error().message()).c_str());
    storage_ = std::move(*opened);
    client_.use(storage_.get());
    current() = client_.host();
  }
  static const tarsier_storage* table() {
    static const tarsier_storage kTable = make_table();
    return &kTable;
  }

 private:
  /// The storage room knows its own client and no FakeHost.
  static const tarsier_host*& current() {
    static const tarsier_host* host = nullptr;
    return host;
  }
  static tarsier_storage make_table() {
    tarsier_storage table = *storage::storage_service();
    table.open = [](const tarsier_host*, tarsier_str name, const tarsier_env_options* options, tarsier_env** out,
                    tarsier_error* error) { return storage::storage_service()->open(current(), name, options, out, error); };
    table.remove = [](const tarsier_host*, tarsier_str name, tarsier_error* error) {
      return storage::storage_service()->remove(current(), name, error);
    };
    table.rename = [](const tarsier_host*, tarsier_str name, tarsier_str to, tarsier_error* error) {
      return storage::storage_service()->rename(current(), name, to, error);
    };
    table.list = [](const tarsier_host*, tarsier_str prefix, void* user, void (*each)(void*, tarsier_str), tarsier_error* error) {
      return storage::storage_service()->list(current(), prefix, user, each, error);
    };
    return table;
  }
  std::unique_ptr<storage::Storage> storage_;
  storage::testing::Client client_{nullptr, "remote-write"};
};

/// What kill -9 leaves: the files as they are now.
inline void copy_directory(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  std::filesystem::remove(to + "/lock");
}

}  // namespace tarsier::forward::test
