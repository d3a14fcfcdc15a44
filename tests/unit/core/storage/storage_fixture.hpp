// StorageTest: a data directory, a storage on it, and an instance that uses it through the C table, as plugins do.
#pragma once

#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/host/host_context.hpp"
#include "core/storage/storage.hpp"

namespace tarsier::storage::testing {

/// A directory that goes with the test.
class TempDir {
 public:
  explicit TempDir(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string pattern = (parent / "tarsier-storage-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What a plugin instance sees of the host, with only the storage behind it.
class Client {
 public:
  explicit Client(Storage* storage, const std::string& name = "test") : owner_(name, "test", true) {
    rooms_.storage = storage;
    context_ = {&owner_, &rooms_};
    host_ = {sizeof(tarsier_host), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, &context_, nullptr};
  }
  const tarsier_host* host() const { return &host_; }
  tarsier::host::Owner& owner() { return owner_; }
  void use(Storage* storage) { rooms_.storage = storage; }

 private:
  tarsier::host::Owner owner_;
  tarsier::host::Rooms rooms_;
  tarsier::host::HostContext context_;
  tarsier_host host_{};
};

inline tarsier_op op(tarsier_op_kind kind, std::string_view table, std::string_view key, std::string_view value = {}) {
  return {sizeof(tarsier_op), kind, str(table), bytes(key), bytes(value)};
}
inline tarsier_op put(std::string_view table, std::string_view key, std::string_view value) {
  return op(TARSIER_OP_PUT, table, key, value);
}
inline tarsier_op append(std::string_view table, std::string_view key, std::string_view value) {
  return op(TARSIER_OP_APPEND, table, key, value);
}
inline tarsier_op del(std::string_view table, std::string_view key) { return op(TARSIER_OP_DELETE, table, key); }
inline tarsier_op clear(std::string_view table) { return op(TARSIER_OP_CLEAR, table, {}); }

/// A status with its message.
struct Outcome {
  tarsier_status status = TARSIER_OK;
  std::string message;
};

class StorageTest : public ::testing::Test {
 protected:
  using Contents = std::map<std::string, std::string>;

  void SetUp() override { start(); }
  void TearDown() override { storage_.reset(); }

  StorageOptions options() const {
    StorageOptions options = options_;
    options.data_dir = dir_.path();
    return options;
  }
  void start() {
    auto opened = Storage::open(options());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    storage_ = std::move(*opened);
    client_.use(storage_.get());
  }
  void restart() {
    storage_.reset();
    start();
  }

  static const tarsier_storage& api() { return *storage_service(); }

  Outcome try_open(std::string_view name, tarsier_env** env, uint32_t flags = TARSIER_ENV_CREATE,
                   tarsier_durability durability = TARSIER_DURABILITY_DEFAULT, uint64_t quota = 0) {
    const tarsier_env_options wanted = {sizeof(wanted), flags, durability, 0, quota};
    tarsier_error error = empty_error();
    const tarsier_status status = api().open(client_.host(), str(name), &wanted, env, &error);
    return {status, std::string(error.message, error.message_size)};
  }
  tarsier_env* open(std::string_view name, uint32_t flags = TARSIER_ENV_CREATE,
                    tarsier_durability durability = TARSIER_DURABILITY_DEFAULT, uint64_t quota = 0) {
    tarsier_env* env = nullptr;
    const Outcome opened = try_open(name, &env, flags, durability, quota);
    EXPECT_EQ(opened.status, TARSIER_OK) << opened.message;
    return env;
  }
  static Outcome write(tarsier_env* env, const std::vector<tarsier_op>& ops) {
    tarsier_error error = empty_error();
    const tarsier_status status = api().write_wait(env, ops.data(), static_cast<uint32_t>(ops.size()), &error);
    return {status, std::string(error.message, error.message_size)};
  }
  static std::pair<Outcome, std::string> get(tarsier_env* env, std::string_view table, std::string_view key) {
    tarsier_error error = empty_error();
    tarsier_snapshot* snapshot = nullptr;
    tarsier_bytes value{};
    tarsier_status status = api().begin_read(env, &snapshot, &error);
    std::string copy;
    if (status == TARSIER_OK) {
      status = api().get(snapshot, str(table), bytes(key), &value, &error);
      if (status == TARSIER_OK) copy = view(value);
      api().end_read(snapshot);
    }
    return {{status, std::string(error.message, error.message_size)}, copy};
  }
  static Contents contents(tarsier_env* env, std::string_view table) {
    Contents all;
    tarsier_error error = empty_error();
    tarsier_snapshot* snapshot = nullptr;
    EXPECT_EQ(api().begin_read(env, &snapshot, &error), TARSIER_OK) << std::string(error.message, error.message_size);
    if (snapshot == nullptr) return all;
    tarsier_cursor* cursor = nullptr;
    EXPECT_EQ(api().cursor_open(snapshot, str(table), &cursor, &error), TARSIER_OK);
    tarsier_bytes key{};
    tarsier_bytes value{};
    while (api().next(cursor, &key, &value, &error) == TARSIER_OK) all.emplace(view(key), view(value));
    EXPECT_EQ(error.code, TARSIER_NOT_FOUND);
    api().end_read(snapshot);
    return all;
  }
  Outcome seal(std::string_view name, std::string_view table, const Contents& entries) {
    tarsier_error error = empty_error();
    tarsier_sealer* sealer = nullptr;
    tarsier_status status = api().seal_begin(client_.host(), str(name), &sealer, &error);
    if (status != TARSIER_OK) return {status, std::string(error.message, error.message_size)};
    for (const auto& [key, value] : entries) {
      EXPECT_EQ(api().seal_append(sealer, str(table), bytes(key), bytes(value), &error), TARSIER_OK);
    }
    status = api().seal_finish(sealer, &error);
    return {status, std::string(error.message, error.message_size)};
  }
  std::vector<std::string> list(std::string_view prefix = {}) {
    std::vector<std::string> names;
    EXPECT_EQ(
        api().list(
            client_.host(), str(prefix), &names,
            [](void* user, tarsier_str name) { static_cast<std::vector<std::string>*>(user)->emplace_back(view(name)); }, nullptr),
        TARSIER_OK);
    return names;
  }
  static void close(tarsier_env* env) { api().close(env); }

  TempDir dir_;
  StorageOptions options_ = [] {
    StorageOptions options;
    options.map_bytes = 256U << 20U;
    options.min_free_bytes = 0;
    return options;
  }();
  std::unique_ptr<Storage> storage_;
  Client client_{nullptr};
};

inline std::string numbered_key(uint64_t number) {
  std::string key(8, '\0');
  for (size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(number >> (8 * (7 - i)));
  return key;
}

}  // namespace tarsier::storage::testing
