/*
 * driver — a Vulkan driver in front of Mesa's RADV or ANV, for a GPU that is not there: WebGPU opens on it, the engine plans as on
 * hardware, and that GPU's own compiler compiles. Nothing is ever computed.
 *
 * Calls go on to the real driver, except:
 *   - command buffers, queues, fences and semaphores do nothing and are always done;
 *   - every compute pipeline is compiled with VK_KHR_pipeline_executable_properties, and what the compiler says of it goes to files.
 *
 * environment
 *   WITNESS_DRIVER  the real driver's file, e.g. libvulkan_radeon.so
 *   WITNESS_OUT     a folder; pipeline n leaves n.json (label, entry point, statistics) and n.<representation>.txt (machine code) there
 *   WITNESS_LABEL   read as each pipeline is made: its name
 */
#define _GNU_SOURCE
#define VK_NO_PROTOTYPES
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vulkan/vulkan.h>

typedef PFN_vkVoidFunction (*Lookup)(VkInstance, const char *);
static Lookup lookup, lookup_physical;
static VkResult (*negotiate)(uint32_t *);
static VkInstance the_instance;

static void load(void) {
  if (lookup) return;
  const char *path = getenv("WITNESS_DRIVER");
  void *driver = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!driver) {
    fprintf(stderr, "witness: the driver of WITNESS_DRIVER does not load: %s\n", path ? dlerror() : "unset");
    abort();
  }
  lookup = (Lookup)dlsym(driver, "vk_icdGetInstanceProcAddr");
  lookup_physical = (Lookup)dlsym(driver, "vk_icdGetPhysicalDeviceProcAddr");
  negotiate = (VkResult(*)(uint32_t *))dlsym(driver, "vk_icdNegotiateLoaderICDInterfaceVersion");
}

#define REAL(name) ((PFN_##name)lookup(the_instance, #name))

/* ---- what does nothing ---- */
static void nothing(void) {}
static VkResult success(void) { return VK_SUCCESS; }
static uint64_t handles = 0x1000;
static VkResult make_handle(VkDevice d, const void *info, const VkAllocationCallbacks *a, uint64_t *handle) {
  (void)d, (void)info, (void)a;
  *handle = __atomic_add_fetch(&handles, 16, __ATOMIC_RELAXED);
  return VK_SUCCESS;
}
static VkResult counter(VkDevice d, VkSemaphore s, uint64_t *value) {
  (void)d, (void)s;
  *value = UINT64_MAX >> 1;
  return VK_SUCCESS;
}
static VkResult query_results(VkDevice d, VkQueryPool p, uint32_t first, uint32_t count, size_t size, void *data) {
  (void)d, (void)p, (void)first, (void)count;
  memset(data, 0, size);
  return VK_SUCCESS;
}

/* ---- memory: the null winsys has none to offer, so three types that are all the host's; a driver that has some keeps it ---- */
static int own_memory;
static void memory_types(VkPhysicalDeviceMemoryProperties *m) {
  own_memory = m->memoryTypeCount == 0;
  if (!own_memory) return;
  const VkMemoryPropertyFlags host = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  memset(m, 0, sizeof *m);
  m->memoryHeapCount = 2;
  m->memoryHeaps[0] = (VkMemoryHeap){16ull << 30, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
  m->memoryHeaps[1] = (VkMemoryHeap){16ull << 30, 0};
  m->memoryTypeCount = 3;
  m->memoryTypes[0] = (VkMemoryType){VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0};
  m->memoryTypes[1] = (VkMemoryType){host, 1};
  m->memoryTypes[2] = (VkMemoryType){host | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, 1};
}
static void memory_properties(VkPhysicalDevice p, VkPhysicalDeviceMemoryProperties *m) {
  REAL(vkGetPhysicalDeviceMemoryProperties)(p, m);
  memory_types(m);
}
static void memory_properties2(VkPhysicalDevice p, VkPhysicalDeviceMemoryProperties2 *m) {
  REAL(vkGetPhysicalDeviceMemoryProperties2)(p, m);
  memory_types(&m->memoryProperties);
}
#define ANY_TYPE 7u
static void buffer_needs(VkDevice d, VkBuffer b, VkMemoryRequirements *r) {
  ((PFN_vkGetBufferMemoryRequirements)REAL(vkGetDeviceProcAddr)(d, "vkGetBufferMemoryRequirements"))(d, b, r);
  if (own_memory) r->memoryTypeBits = ANY_TYPE;
}
static void buffer_needs2(VkDevice d, const VkBufferMemoryRequirementsInfo2 *b, VkMemoryRequirements2 *r) {
  ((PFN_vkGetBufferMemoryRequirements2)REAL(vkGetDeviceProcAddr)(d, "vkGetBufferMemoryRequirements2"))(d, b, r);
  if (own_memory) r->memoryRequirements.memoryTypeBits = ANY_TYPE;
}
static void image_needs(VkDevice d, VkImage b, VkMemoryRequirements *r) {
  ((PFN_vkGetImageMemoryRequirements)REAL(vkGetDeviceProcAddr)(d, "vkGetImageMemoryRequirements"))(d, b, r);
  if (own_memory) r->memoryTypeBits = ANY_TYPE;
}
static void image_needs2(VkDevice d, const VkImageMemoryRequirementsInfo2 *b, VkMemoryRequirements2 *r) {
  ((PFN_vkGetImageMemoryRequirements2)REAL(vkGetDeviceProcAddr)(d, "vkGetImageMemoryRequirements2"))(d, b, r);
  if (own_memory) r->memoryRequirements.memoryTypeBits = ANY_TYPE;
}
static VkResult allocate(VkDevice d, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *a, VkDeviceMemory *m) {
  VkMemoryAllocateInfo own = *info;
  if (own_memory) own.memoryTypeIndex = 0;
  return ((PFN_vkAllocateMemory)REAL(vkGetDeviceProcAddr)(d, "vkAllocateMemory"))(d, &own, a, m);
}

/* ---- devices: with the extension that shows what was compiled ---- */
static VkResult create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                              const VkAllocationCallbacks *a, VkDevice *device) {
  VkDeviceCreateInfo own = *info;
  const char **names = calloc(info->enabledExtensionCount + 1, sizeof *names);
  memcpy(names, info->ppEnabledExtensionNames, info->enabledExtensionCount * sizeof *names);
  int there = 0;
  for (uint32_t i = 0; i < info->enabledExtensionCount; i++)
    there |= !strcmp(names[i], VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME);
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR shown = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR,
      .pNext = (void *)info->pNext,
      .pipelineExecutableInfo = VK_TRUE};
  if (!there) {
    names[own.enabledExtensionCount++] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
    own.ppEnabledExtensionNames = names;
    own.pNext = &shown;
  }
  VkResult result = REAL(vkCreateDevice)(physical, &own, a, device);
  free(names);
  return result;
}

/* ---- compute pipelines: what the compiler says of them ---- */
static void escape(FILE *f, const char *s) {
  fputc('"', f);
  for (; *s; s++)
    if (*s == '"' || *s == '\\') fprintf(f, "\\%c", *s);
    else if ((unsigned char)*s < 32) fprintf(f, "\\u%04x", *s);
    else fputc(*s, f);
  fputc('"', f);
}

static void keep(VkDevice device, VkPipeline pipeline, const VkComputePipelineCreateInfo *info, double ms) {
  static atomic_int count;
  const char *folder = getenv("WITNESS_OUT"), *label = getenv("WITNESS_LABEL");
  if (!folder) return;
  int n = atomic_fetch_add(&count, 1);
  char path[4096];
  FILE *f;
  snprintf(path, sizeof path, "%s/%04d.json", folder, n);
  FILE *out = fopen(path, "w");
  if (!out) return;
  fprintf(out, "{\"n\":%d,\"label\":", n);
  escape(out, label ? label : "");
  fprintf(out, ",\"entry\":");
  escape(out, info->stage.pName);
  for (const VkBaseInStructure *next = info->stage.pNext; next; next = next->pNext)
    if (next->sType == VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO)
      fprintf(out, ",\"required\":%u", ((const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo *)next)->requiredSubgroupSize);
  fprintf(out, ",\"ms\":%.2f", ms);
  VkPipelineInfoKHR which = {.sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = pipeline};
  uint32_t executables = 0;
  PFN_vkGetPipelineExecutablePropertiesKHR properties =
      (PFN_vkGetPipelineExecutablePropertiesKHR)REAL(vkGetDeviceProcAddr)(device, "vkGetPipelineExecutablePropertiesKHR");
  PFN_vkGetPipelineExecutableStatisticsKHR statistics =
      (PFN_vkGetPipelineExecutableStatisticsKHR)REAL(vkGetDeviceProcAddr)(device, "vkGetPipelineExecutableStatisticsKHR");
  PFN_vkGetPipelineExecutableInternalRepresentationsKHR representations =
      (PFN_vkGetPipelineExecutableInternalRepresentationsKHR)REAL(vkGetDeviceProcAddr)(
          device, "vkGetPipelineExecutableInternalRepresentationsKHR");
  properties(device, &which, &executables, NULL);
  VkPipelineExecutablePropertiesKHR *each = calloc(executables, sizeof *each);
  for (uint32_t i = 0; i < executables; i++) each[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR;
  properties(device, &which, &executables, each);
  for (uint32_t i = 0; i < executables; i++) {
    if (i == 0) {
      fprintf(out, ",\"subgroup\":%u", each[i].subgroupSize);
    }
    VkPipelineExecutableInfoKHR one = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline, .executableIndex = i};
    uint32_t size = 0;
    statistics(device, &one, &size, NULL);
    VkPipelineExecutableStatisticKHR *stats = calloc(size, sizeof *stats);
    for (uint32_t s = 0; s < size; s++) stats[s].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
    statistics(device, &one, &size, stats);
    fprintf(out, ",\"executable%u\":{\"name\":", i);
    escape(out, each[i].name);
    for (uint32_t s = 0; s < size; s++) {
      fputc(',', out);
      escape(out, stats[s].name);
      if (stats[s].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR) fprintf(out, ":%g", stats[s].value.f64);
      else if (strstr(stats[s].name, "ash")) fprintf(out, ":\"%llu\"", (unsigned long long)stats[s].value.u64);
      else fprintf(out, ":%lld", (long long)stats[s].value.i64);
    }
    fprintf(out, "}");
    free(stats);
    size = 0;
    representations(device, &one, &size, NULL);
    VkPipelineExecutableInternalRepresentationKHR *texts = calloc(size, sizeof *texts);
    for (uint32_t s = 0; s < size; s++) texts[s].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR;
    representations(device, &one, &size, texts);
    for (uint32_t s = 0; s < size; s++) texts[s].pData = malloc(texts[s].dataSize + 1);
    representations(device, &one, &size, texts);
    for (uint32_t s = 0; s < size; s++) {
      char name[64];
      snprintf(name, sizeof name, "%.63s", texts[s].name);
      for (char *c = name; *c; c++)
        if (*c == ' ' || *c == '/' || *c == '(' || *c == ')') *c = '-';
      snprintf(path, sizeof path, "%s/%04d.%s.txt", folder, n, name);
      if ((f = fopen(path, "wb"))) fwrite(texts[s].pData, 1, texts[s].isText ? strlen(texts[s].pData) : texts[s].dataSize, f), fclose(f);
      free(texts[s].pData);
    }
    free(texts);
  }
  free(each);
  fprintf(out, "}\n");
  fclose(out);
}

static VkResult create_pipelines(VkDevice device, VkPipelineCache cache, uint32_t count,
                                 const VkComputePipelineCreateInfo *infos, const VkAllocationCallbacks *a,
                                 VkPipeline *pipelines) {
  (void)cache;
  VkResult worst = VK_SUCCESS;
  for (uint32_t i = 0; i < count; i++) {
    VkComputePipelineCreateInfo info = infos[i];
    info.flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
    struct timespec t0, t1;
    clock_gettime(CLOCK_MONOTONIC, &t0);
    VkResult result = REAL(vkCreateComputePipelines)(device, VK_NULL_HANDLE, 1, &info, a, &pipelines[i]);
    clock_gettime(CLOCK_MONOTONIC, &t1);
    if (result == VK_SUCCESS) keep(device, pipelines[i], &info, (t1.tv_sec - t0.tv_sec) * 1e3 + (t1.tv_nsec - t0.tv_nsec) / 1e6);
    else worst = result;
  }
  return worst;
}

/* ---- the tables ---- */
static PFN_vkVoidFunction device_proc(VkDevice device, const char *name);
static PFN_vkVoidFunction instance_proc(VkInstance instance, const char *name);
static VkResult create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *a, VkInstance *instance) {
  VkResult result = ((PFN_vkCreateInstance)lookup(NULL, "vkCreateInstance"))(info, a, instance);
  if (result == VK_SUCCESS) the_instance = *instance;
  return result;
}

static const struct { const char *name; void *own; } OWN[] = {
    {"vkCreateInstance", create_instance},
    {"vkGetInstanceProcAddr", instance_proc},
    {"vkGetDeviceProcAddr", device_proc},
    {"vkCreateDevice", create_device},
    {"vkGetPhysicalDeviceMemoryProperties", memory_properties},
    {"vkGetPhysicalDeviceMemoryProperties2", memory_properties2},
    {"vkGetPhysicalDeviceMemoryProperties2KHR", memory_properties2},
    {"vkGetBufferMemoryRequirements", buffer_needs},
    {"vkGetBufferMemoryRequirements2", buffer_needs2},
    {"vkGetBufferMemoryRequirements2KHR", buffer_needs2},
    {"vkGetImageMemoryRequirements", image_needs},
    {"vkGetImageMemoryRequirements2", image_needs2},
    {"vkGetImageMemoryRequirements2KHR", image_needs2},
    {"vkAllocateMemory", allocate},
    {"vkCreateComputePipelines", create_pipelines},
    {"vkBeginCommandBuffer", success},
    {"vkEndCommandBuffer", success},
    {"vkResetCommandBuffer", success},
    {"vkResetCommandPool", success},
    {"vkFreeCommandBuffers", nothing},
    {"vkDestroyCommandPool", nothing},
    {"vkDestroyDevice", nothing},
    {"vkQueueSubmit", success},
    {"vkQueueSubmit2", success},
    {"vkQueueSubmit2KHR", success},
    {"vkQueueBindSparse", success},
    {"vkQueueWaitIdle", success},
    {"vkDeviceWaitIdle", success},
    {"vkCreateFence", make_handle},
    {"vkDestroyFence", nothing},
    {"vkGetFenceStatus", success},
    {"vkResetFences", success},
    {"vkWaitForFences", success},
    {"vkCreateSemaphore", make_handle},
    {"vkDestroySemaphore", nothing},
    {"vkGetSemaphoreCounterValue", counter},
    {"vkGetSemaphoreCounterValueKHR", counter},
    {"vkWaitSemaphores", success},
    {"vkWaitSemaphoresKHR", success},
    {"vkSignalSemaphore", success},
    {"vkSignalSemaphoreKHR", success},
    {"vkCreateQueryPool", make_handle},
    {"vkDestroyQueryPool", nothing},
    {"vkGetQueryPoolResults", query_results},
};

static PFN_vkVoidFunction own(const char *name) {
  for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++)
    if (!strcmp(name, OWN[i].name)) return (PFN_vkVoidFunction)OWN[i].own;
  if (!strncmp(name, "vkCmd", 5)) return (PFN_vkVoidFunction)nothing;
  return NULL;
}

static PFN_vkVoidFunction device_proc(VkDevice device, const char *name) {
  PFN_vkVoidFunction real = REAL(vkGetDeviceProcAddr)(device, name), mine = real ? own(name) : NULL;
  return mine ? mine : real;
}
static PFN_vkVoidFunction instance_proc(VkInstance instance, const char *name) {
  load();
  PFN_vkVoidFunction real = lookup(instance, name), mine = real ? own(name) : NULL;
  return mine ? mine : real;
}

#define PUBLIC __attribute__((visibility("default")))
PUBLIC PFN_vkVoidFunction vk_icdGetInstanceProcAddr(VkInstance instance, const char *name) { return instance_proc(instance, name); }
PUBLIC PFN_vkVoidFunction vk_icdGetPhysicalDeviceProcAddr(VkInstance instance, const char *name) {
  load();
  PFN_vkVoidFunction real = lookup_physical ? lookup_physical(instance, name) : NULL, mine = real ? own(name) : NULL;
  return mine ? mine : real;
}
PUBLIC VkResult vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  load();
  return negotiate(version);
}
