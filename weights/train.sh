#!/usr/bin/env bash
# All networks that ship, one after the other, in so many minutes: the whole way, from nothing or from
# what ships. On a GPU an hour is much; on two cores a day is little.
#
# usage: weights/train.sh PHOTOS OUTPUT MINUTES [scratch | shipped] [--set KEY=VALUE ...]
#
# It may be run again with the same arguments after an interruption: stages that are there go on.
set -euo pipefail
photos=${1:?PHOTOS: a folder of photographs} output=${2:?OUTPUT: a folder for the runs}
minutes=${3:?MINUTES: for all stages together} begin=${4:-shipped}
shift $(($# < 4 ? $# : 4))
python=${PYTHON:-python3}
patch=96 batch=8
if "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    patch=192 batch=32 # what fills a GPU
fi

stage() { # NAME PRESET FILE SHARE_OF_THE_MINUTES SETTINGS...: trains unless it is there, prints the weights
    local name=$1 preset=$2 file=$3 share=$4
    shift 4
    local resume=()
    [ ! -e "$output/$name/state.pt" ] || resume=(--resume)
    "$python" -m sr train "$preset" --data "$photos" --multiscale 0.75 0.5 --output "$output/$name" \
        --minutes "$("$python" -c "print($minutes * $share)")" --set iterations=1000000 \
        --set batch_size=$batch --set hr_patch_px=$patch "$@" "${resume[@]}" >&2
    echo "$output/$name/$file.safetensors"
}

from=$([ "$begin" = scratch ] && echo "" || echo srresnet_x4)
psnr=(--set optimizer=muon --set learning_rate=4e-4 --set pixel_loss=psnr --set pixel_weight=0.004)
srresnet=$(stage srresnet srresnet_fast srresnet_x4 0.35 --set "initial=$from" "${psnr[@]}" "$@")
# The logarithm of the PSNR loss hardly minds a few large errors: it ends with L1 and many patterns.
calm=$(stage srresnet_calm srresnet_fast srresnet_x4 0.05 --set "initial=$srresnet" --set learning_rate=1e-4 \
    --set pattern_share=0.1 --set graphics_share=0.2 --set ema_decay=0.98 "$@")
stage srgan srgan_fast srgan_x4 0.25 --set "initial=$calm" "$@"
photo=$(stage photo_psnr photo_psnr srresnet_photo_x4 0.15 --set "initial=$calm" "$@")
stage photo_gan photo_gan srgan_photo_x4 0.2 --set "initial=$photo" "$@"
