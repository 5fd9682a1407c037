"""What the picture resembles: classifier, gallery, saliency, decision."""
