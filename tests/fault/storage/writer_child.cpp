// Writes without end to two environments, one of each durability, rotating now and then, and says on its standard output what was
// acknowledged: one 8-byte number each. Its parent kills it.
//   fault_storage_child DATA_DIR FIRST_NUMBER
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <unistd.h>

#include "core/storage/storage.hpp"
#include "tests/fault/storage/written_value.hpp"

using namespace tarsier;
using namespace tarsier::storage;

namespace {

void report(void* user, tarsier_status status, tarsier_str message, uint64_t) {
  const auto number = reinterpret_cast<uintptr_t>(user);
  if (status != TARSIER_OK) {
    std::fprintf(stderr, "refused: %.*s\n", static_cast<int>(message.size), message.data);
    std::_Exit(3);
  }
  if (::write(STDOUT_FILENO, &number, sizeof(number)) != sizeof(number)) std::_Exit(4);
}

void write_to(tarsier_env* env, tarsier_durability durability, std::atomic<uint64_t>& next) {
  const tarsier_storage& api = *storage_service();
  for (;;) {
    const uint64_t number = next++ * 2 + (durability == TARSIER_DURABILITY_COMMIT ? 1 : 0);
    const std::string key = testing::written_key(number);
    const std::string value = testing::written_value(number);
    const tarsier_op ops[] = {{sizeof(tarsier_op), TARSIER_OP_PUT, str("t"), bytes(key), bytes(value)},
                              {sizeof(tarsier_op), TARSIER_OP_PUT, str("second"), bytes(key), bytes("both or none")}};
    while (api.write(env, ops, 2, report, reinterpret_cast<void*>(static_cast<uintptr_t>(number)), nullptr) != TARSIER_OK) {
      std::this_thread::yield();
    }
    if (number % 4000 < 2 && api.rotate(env, str("old/" + std::to_string(number)), nullptr) != TARSIER_OK) std::_Exit(5);
  }
}

}  // namespace

int main(int, char** arguments) {
  StorageOptions options;
  options.data_dir = arguments[1];
  options.queue_bytes = 1U << 20U;
  options.map_bytes = 1ULL << 30U;
  auto storage = Storage::open(options);
  if (!storage) {
    std::fprintf(stderr, "%s\n", storage.error().message().c_str());
    return 2;
  }
  std::atomic<uint64_t> next{std::strtoull(arguments[2], nullptr, 10)};
  std::vector<std::thread> threads;
  for (const tarsier_durability durability : {TARSIER_DURABILITY_COMMIT, TARSIER_DURABILITY_INTERVAL}) {
    auto env = (*storage)->open_env(nullptr, durability == TARSIER_DURABILITY_COMMIT ? "commit" : "interval",
                                    {TARSIER_ENV_CREATE, durability, 0});
    if (!env) {
      std::fprintf(stderr, "%s\n", env.error().message().c_str());
      return 2;
    }
    for (int sender = 0; sender < 2; ++sender)
      threads.emplace_back([env = *env, durability, &next] { write_to(env, durability, next); });
  }
  for (std::thread& thread : threads) thread.join();
}
