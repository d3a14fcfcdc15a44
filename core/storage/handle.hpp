// The handles that cross the ABI: what a tarsier_env is. A snapshot is in snapshot.hpp, a sealer in sealer.hpp.
#pragma once

#include <cstdint>
#include <memory>

#include "core/host/owner.hpp"
#include "core/storage/environment.hpp"

namespace tarsier::storage {
class Storage;
}

/// One open of an environment by one instance.
struct tarsier_env {
  tarsier::storage::Storage* storage;
  tarsier::host::Owner* owner;  // null: the host itself
  std::shared_ptr<tarsier::storage::Environment> environment;
  uint64_t pending = 0;  // transactions without a fate; guarded by the environment's queue
};
