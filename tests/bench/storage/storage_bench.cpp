// Group commit against raw LMDB, in one run on one directory: throughput and latency of one sender with a window, and of many that
// wait.
//   bench_storage [DIRECTORY]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <lmdb.h>
#include <mutex>
#include <stdlib.h>
#include <string>
#include <thread>
#include <vector>

#include "core/storage/storage.hpp"

using namespace tarsier;
using namespace tarsier::storage;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kDuration = std::chrono::milliseconds(1500);

struct Figures {
  double per_second = 0;
  double megabytes = 0;
  double p50_us = 0;
  double p99_us = 0;
};

std::string key_of(uint64_t number) {
  std::string key(8, '\0');
  for (size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(number >> (8 * (7 - i)));
  return key;
}

Figures figures(std::vector<double>& latencies, size_t value_size, Clock::duration took) {
  std::sort(latencies.begin(), latencies.end());
  const double seconds = std::chrono::duration<double>(took).count();
  Figures out;
  if (latencies.empty()) return out;
  out.per_second = static_cast<double>(latencies.size()) / seconds;
  out.megabytes = out.per_second * static_cast<double>(value_size) / 1e6;
  out.p50_us = latencies[latencies.size() / 2];
  out.p99_us = latencies[latencies.size() * 99 / 100];
  return out;
}

void print(const char* what, size_t size, const Figures& found, double reference) {
  std::printf("%-44s %7zu B  %9.0f tx/s %8.1f MB/s  p50 %8.0f us  p99 %8.0f us", what, size, found.per_second, found.megabytes,
              found.p50_us, found.p99_us);
  if (reference > 0) std::printf("  %6.2fx", found.per_second / reference);
  std::printf("\n");
  std::fflush(stdout);
}

/// Raw LMDB: one transaction for each `batch` values, synced or not.
Figures raw(const std::string& dir, unsigned flags, size_t value_size, size_t batch) {
  std::filesystem::create_directories(dir);
  MDB_env* env = nullptr;
  mdb_env_create(&env);
  mdb_env_set_mapsize(env, uint64_t{16} << 30U);
  mdb_env_set_maxdbs(env, 4);
  if (mdb_env_open(env, dir.c_str(), flags, 0640) != 0) return {};
  const std::string value(value_size, 'v');
  std::vector<double> latencies;
  uint64_t number = 0;
  const auto begun = Clock::now();
  while (Clock::now() - begun < kDuration) {
    const auto at = Clock::now();
    MDB_txn* txn = nullptr;
    MDB_dbi dbi = 0;
    mdb_txn_begin(env, nullptr, 0, &txn);
    mdb_dbi_open(txn, "t", MDB_CREATE, &dbi);
    for (size_t i = 0; i < batch; ++i) {
      const std::string key = key_of(number++);
      MDB_val k{key.size(), const_cast<char*>(key.data())};
      MDB_val v{value.size(), const_cast<char*>(value.data())};
      mdb_put(txn, dbi, &k, &v, MDB_APPEND);
    }
    mdb_txn_commit(txn);
    const double took = std::chrono::duration<double, std::micro>(Clock::now() - at).count();
    latencies.insert(latencies.end(), batch, took);
  }
  Figures out = figures(latencies, value_size, Clock::now() - begun);
  mdb_env_close(env);
  std::filesystem::remove_all(dir);
  return out;
}

/// One sender that keeps a window of transactions on their way.
struct Window {
  std::mutex mutex;
  std::condition_variable changed;
  size_t open = 0;
  std::vector<double> latencies;
};
struct Sent {
  Window* window;
  Clock::time_point at;
  static void committed(void* user, tarsier_status, tarsier_str, uint64_t) {
    auto* sent = static_cast<Sent*>(user);
    const double took = std::chrono::duration<double, std::micro>(Clock::now() - sent->at).count();
    {
      const std::lock_guard lock(sent->window->mutex);
      sent->window->latencies.push_back(took);
      --sent->window->open;
      sent->window->changed.notify_one();
    }
    delete sent;
  }
};

Figures windowed(Storage& storage, const std::string& name, tarsier_durability durability, size_t value_size, size_t limit) {
  auto env = storage.open_env(nullptr, name, {TARSIER_ENV_CREATE, durability, 0});
  if (!env) return {};
  const std::string value(value_size, 'v');
  Window window;
  const auto begun = Clock::now();
  for (uint64_t number = 0; Clock::now() - begun < kDuration; ++number) {
    {
      std::unique_lock lock(window.mutex);
      window.changed.wait(lock, [&] { return window.open < limit; });
      ++window.open;
    }
    const std::string key = key_of(number);
    const tarsier_op op = {sizeof(op), TARSIER_OP_APPEND, str("t"), bytes(key), bytes(value)};
    auto* sent = new Sent{&window, Clock::now()};
    while (storage_service()->write(*env, &op, 1, &Sent::committed, sent, nullptr) != TARSIER_OK) std::this_thread::yield();
  }
  storage.close_env(*env);
  Figures out = figures(window.latencies, value_size, Clock::now() - begun);
  static_cast<void>(storage.remove(nullptr, name).ok());
  return out;
}

/// Many senders, each waiting for its commit.
Figures waiting(Storage& storage, const std::string& name, tarsier_durability durability, size_t value_size, size_t senders) {
  auto env = storage.open_env(nullptr, name, {TARSIER_ENV_CREATE, durability, 0});
  if (!env) return {};
  const std::string value(value_size, 'v');
  std::vector<double> latencies;
  std::mutex latencies_mutex;
  std::atomic<uint64_t> number{0};
  const auto begun = Clock::now();
  std::vector<std::thread> threads;
  for (size_t i = 0; i < senders; ++i) {
    threads.emplace_back([&] {
      std::vector<double> mine;
      while (Clock::now() - begun < kDuration) {
        const std::string key = key_of(number++);
        const tarsier_op op = {sizeof(op), TARSIER_OP_PUT, str("t"), bytes(key), bytes(value)};
        const auto at = Clock::now();
        if (storage_service()->write_wait(*env, &op, 1, nullptr) != TARSIER_OK) continue;
        mine.push_back(std::chrono::duration<double, std::micro>(Clock::now() - at).count());
      }
      const std::lock_guard lock(latencies_mutex);
      latencies.insert(latencies.end(), mine.begin(), mine.end());
    });
  }
  for (std::thread& thread : threads) thread.join();
  Figures out = figures(latencies, value_size, Clock::now() - begun);
  storage.close_env(*env);
  static_cast<void>(storage.remove(nullptr, name).ok());
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  std::string dir = count > 1 ? arguments[1] : (std::filesystem::temp_directory_path() / "tarsier-bench-XXXXXX").string();
  if (count <= 1 && ::mkdtemp(dir.data()) == nullptr) return 1;
  StorageOptions options;
  options.data_dir = dir + "/data";
  auto storage = Storage::open(options);
  if (!storage) {
    std::fprintf(stderr, "%s\n", storage.error().message().c_str());
    return 1;
  }
  std::printf("the last column is the ratio to the raw LMDB line above it\n");
  for (const size_t size : {size_t{1024}, size_t{16 * 4096 - TARSIER_VALUE_OVERHEAD}}) {
    const Figures synced = raw(dir + "/raw", 0, size, 1);
    print("raw LMDB, a synced commit each", size, synced, 0);
    print("commit, 1 sender that waits", size, waiting(**storage, "c1", TARSIER_DURABILITY_COMMIT, size, 1), synced.per_second);
    print("commit, 32 senders that wait", size, waiting(**storage, "c32", TARSIER_DURABILITY_COMMIT, size, 32), synced.per_second);
    print("commit, 1 sender, window of 64", size, windowed(**storage, "cw", TARSIER_DURABILITY_COMMIT, size, 64),
          synced.per_second);
    const Figures batched = raw(dir + "/raw", 0, size, 64);
    print("raw LMDB, a synced commit for 64", size, batched, 0);
    print("commit, 1 sender, window of 128", size, windowed(**storage, "cw2", TARSIER_DURABILITY_COMMIT, size, 128),
          batched.per_second);
    const Figures unsynced = raw(dir + "/raw", MDB_NOSYNC, size, 1);
    print("raw LMDB, NOSYNC, a commit each (unsafe)", size, unsynced, 0);
    print("interval, 1 sender that waits", size, waiting(**storage, "i1", TARSIER_DURABILITY_INTERVAL, size, 1),
          unsynced.per_second);
    print("interval, 32 senders that wait", size, waiting(**storage, "i32", TARSIER_DURABILITY_INTERVAL, size, 32),
          unsynced.per_second);
    print("interval, 1 sender, window of 64", size, windowed(**storage, "iw", TARSIER_DURABILITY_INTERVAL, size, 64),
          unsynced.per_second);
  }
  storage->reset();
  std::filesystem::remove_all(dir + "/data");
  if (count <= 1) std::filesystem::remove_all(dir);
}
